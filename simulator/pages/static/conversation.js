/** The two scrolling lists of a handset: what is said, and what is texted. All text is put in as text, never as HTML. */

import { clockTime, readableNumber } from './format.js';

const SPEAKERS = { twilio: 'Twilio', phone: 'You', exchange: 'Exchange' };

function element(tag, className, text = '') {
  const node = document.createElement(tag);
  node.className = className;
  node.textContent = text;
  return node;
}

/** Changes a list, and follows its end unless the reader has scrolled up. */
function followingEnd(list, change) {
  const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 24;
  change();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

/** Writes only what differs: a live region reads every write aloud. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export class Transcript {
  #list;
  #call = null;
  #rows = [];

  constructor(list) {
    this.#list = list;
  }

  /** Shows the lines of one call; lines already there stay, so that only new ones are read aloud. */
  show(callSid, lines) {
    if (callSid !== this.#call || lines.length < this.#rows.length) {
      this.#call = callSid;
      this.#rows = [];
      this.#list.replaceChildren();
    }
    followingEnd(this.#list, () => {
      lines.forEach((line, index) => {
        if (index === this.#rows.length) this.#add(line);
        setText(this.#rows[index], line.text ?? '');
      });
    });
  }

  #add(line) {
    const row = element('p', 'said');
    row.dataset.speaker = line.speaker;
    const who = element('span', 'who', SPEAKERS[line.speaker] ?? line.speaker);
    if (line.verb && line.verb !== 'Say') who.append(element('span', 'verb', line.verb));
    const voice = [line.voice, line.language].filter(Boolean).join(', ');
    if (voice) who.title = `Voice: ${voice}`;
    const words = element('span', 'words');
    words.dir = 'auto';
    row.append(who, words);
    this.#list.append(row);
    this.#rows.push(words);
  }
}

export class Thread {
  #list;
  #bubbles = new Map();

  constructor(list) {
    this.#list = list;
  }

  show(messages) {
    followingEnd(this.#list, () => {
      this.#forget(new Set(messages.map((message) => message.sid)));
      for (const message of messages) {
        const bubble = this.#bubbles.get(message.sid) ?? this.#add(message);
        setText(bubble.body, message.body ?? '');
        setText(bubble.status, `${clockTime(message.at)} · ${message.status}`);
      }
    });
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
    row.append(element('span', 'unseen', sent ? `You to ${other}: ` : `${other}: `));
    const body = element('span', 'bubble');
    body.dir = 'auto';
    const status = element('span', 'receipt');
    status.title = message.sid;
    row.append(body, ...this.#attachments(message.media ?? []), status);
    this.#list.append(row);
    const bubble = { row, body, status };
    this.#bubbles.set(message.sid, bubble);
    return bubble;
  }

  #attachments(addresses) {
    return addresses.map((address) => {
      // Another scheme than these (javascript:, data:) would run in this page.
      if (!/^https?:\/\//i.test(address)) return element('span', 'attachment', address);
      const link = element('a', 'attachment', address);
      link.href = address;
      link.target = '_blank';
      link.rel = 'noopener noreferrer';
      return link;
    });
  }
}
