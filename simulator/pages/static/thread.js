/** The texts of one phone, with their pictures. */

import { element, followingEnd, isAtEnd, outsideLink, setText } from './dom.js';
import { clockTime, readableNumber } from './format.js';

const BAD = new Set(['failed', 'undelivered']);

/** A sound or film with its controls; else a picture where it is one, a link where it is not: the browser knows, by trying. */
function attachment(address, type, index, onLoad) {
  if (!/^(https?:\/\/|\/)/i.test(address)) return element('span', 'attachment', address);
  const absolute = new URL(address, location.href).href;
  const moving = type?.match(/^(audio|video)\//)?.[1];
  if (moving) {
    const player = element(moving, 'player');
    Object.assign(player, { controls: true, preload: 'metadata', src: absolute, onloadedmetadata: onLoad });
    return player;
  }
  const link = outsideLink(absolute, '', 'picture');
  const image = element('img');
  image.alt = `Picture ${index + 1}`;
  image.addEventListener('load', onLoad);
  image.addEventListener('error', () => {
    link.className = 'attachment';
    link.replaceChildren(absolute);
  });
  image.src = absolute;
  link.append(image);
  return link;
}

export class Thread {
  #list;
  #manyLines;
  #bubbles = new Map();
  #atEnd = true; // a picture that arrives late makes the list longer
  #height = 0;

  constructor(list, { manyLines }) {
    this.#list = list;
    this.#manyLines = manyLines;
    list.addEventListener('scroll', () => {
      // Where the list has grown since it was scrolled last, it is the picture that has moved the end away, and no reader.
      if (list.scrollHeight === this.#height) this.#atEnd = isAtEnd(list);
      this.#height = list.scrollHeight;
    });
  }

  show(messages) {
    followingEnd(this.#list, () => {
      this.#forget(new Set(messages.map((message) => message.sid)));
      for (const message of messages) {
        const bubble = this.#bubbles.get(message.sid) ?? this.#add(message);
        setText(bubble.body, message.body ?? '');
        setText(bubble.status, this.#receipt(message));
        bubble.row.dataset.bad = BAD.has(message.status);
      }
    });
  }

  #receipt(message) {
    const other = message.direction === 'sent' ? `to ${readableNumber(message.to)}` : `from ${readableNumber(message.from)}`;
    return [clockTime(message.at), this.#manyLines && other, message.status, message.error_code].filter(Boolean).join(' · ');
  }

  #forget(present) {
    for (const [sid, bubble] of this.#bubbles) {
      if (present.has(sid)) continue;
      bubble.row.remove();
      this.#bubbles.delete(sid);
    }
  }

  #add(message) {
    const row = element('p', 'text');
    row.dataset.direction = message.direction;
    const sent = message.direction === 'sent';
    const other = readableNumber(sent ? message.to : message.from);
    const body = element('span', 'bubble');
    body.dir = 'auto';
    const status = element('span', 'receipt');
    status.title = message.sid;
    const grown = () => { if (this.#atEnd) this.#list.scrollTop = this.#list.scrollHeight; };
    const media = message.media.map((address, index) => attachment(address, message.media_types[index], index, grown));
    row.append(element('span', 'unseen', sent ? `You to ${other}: ` : `${other}: `), ...media, body, status);
    this.#list.append(row);
    const bubble = { row, body, status };
    this.#bubbles.set(message.sid, bubble);
    return bubble;
  }
}
