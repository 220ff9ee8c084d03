/** What is said on the line of one phone, as bubbles: Twilio and others on the left, the person at the phone on the right. */

import { element, followingEnd, outsideLink, setText } from './dom.js';
import { clockTime, readableNumber } from './format.js';

const KEYS = new Set(['Press', 'Digits']);
const SOUNDS = new Set(['Play', 'Music']);

/** Which side a line is on, and in which shape. */
function kindOf({ speaker, verb, text }) {
  if (verb === 'Error') return 'error';
  if (SOUNDS.has(verb) && !text) return 'note';
  if (speaker === 'exchange' || ['Pause', 'Beep', 'Ringing', 'Silence'].includes(verb)) return 'note';
  if (KEYS.has(verb)) return 'keys';
  return SOUNDS.has(verb) ? 'sound' : 'words';
}

function fileName(address) {
  const path = address.split(/[?#]/)[0];
  return path.slice(path.lastIndexOf('/') + 1) || address;
}

function noteText({ verb, text }) {
  const said = text ?? '';
  if (verb === 'Beep') return said || 'Beep';
  if (verb === 'Ringing') return `Ringing ${said.split(', ').map(readableNumber).join(', ')}`;
  if (verb === 'Pause' && /^[\d.]+$/.test(said)) return `Pause, ${said} s`;
  return said || verb;
}

function whoSpeaks({ speaker, from }) {
  if (speaker === 'phone') return 'You';
  if (speaker === 'twilio') return 'Twilio';
  if (speaker === 'exchange') return 'Exchange';
  return from ? readableNumber(from) : 'The other party';
}

export class Transcript {
  #list;
  #onLine;
  #call = null;
  #rows = [];
  #fresh = false;

  /** `onLine` is told of each line that is said from now on, with a way to complain below it. */
  constructor(list, onLine) {
    this.#list = list;
    this.#onLine = onLine;
  }

  /** Shows the lines of one call; lines already there stay, so that only new ones are read aloud and heard. */
  show(callSid, lines) {
    if (callSid !== this.#call || lines.length < this.#rows.length) {
      this.#call = callSid;
      this.#rows = [];
      this.#list.replaceChildren();
    }
    followingEnd(this.#list, () => {
      lines.forEach((line, index) => {
        if (index === this.#rows.length) this.#add(line, lines[index - 1]);
        else this.#rows[index].update?.(line);
      });
    });
    this.#fresh = true; // what was said before this page looked is over
  }

  #add(line, before) {
    const row = drawLine(line, before);
    this.#list.append(row.node);
    this.#rows.push(row);
    if (this.#fresh) this.#onLine(line, (complaint) => row.node.append(element('span', 'complaint', complaint)));
  }
}

/** One line as an element; who speaks is written only where it changes. */
export function drawLine(line, before) {
  const kind = kindOf(line);
  const node = element('p', `said ${kind}`);
  node.dataset.speaker = line.speaker;
  node.dataset.verb = line.verb ?? '';
  node.title = [clockTime(line.at, { seconds: true }), line.verb, line.voice, line.language].filter(Boolean).join(' · ');
  const who = whoSpeaks(line);
  const same = before && whoSpeaks(before) === who && before.voice === line.voice && before.language === line.language;
  const again = same && kindOf(before) !== 'note' && kindOf(before) !== 'error';
  if (kind !== 'note' && kind !== 'error') {
    node.append(element('span', again ? 'who unseen' : 'who', [who, line.voice, line.language].filter(Boolean).join(' · ')));
    if (again) node.append(element('span', 'unseen', ': '));
  }
  if (kind === 'keys') {
    node.append(element('span', 'caps', ...[...line.text].map((key) => element('kbd', '', key))));
  } else if (kind === 'sound') {
    node.append(outsideLink(line.text ?? '', fileName(line.text ?? line.verb), 'words file'));
  } else {
    const words = element('span', 'words', kind === 'words' ? (line.text ?? '') : noteText(line));
    words.dir = 'auto';
    node.append(words);
    return { node, update: (now) => setText(words, kind === 'words' ? (now.text ?? '') : noteText(now)) };
  }
  return { node };
}
