/** One webhook as a row that opens. */

import { copyOf, element, partsOf } from './dom.js';
import { clockTime } from './format.js';
import { drawDetail } from './request_detail.js';

/** True when Twilio would count the answer as an error; a warning is none. */
export function isFaulty(entry) {
  return (entry.alerts ?? []).some((alert) => alert.level === 'error');
}

function pathOf(url) {
  return url.replace(/^https?:\/\/[^/?#]*/i, '') || '/';
}

function alertLine({ code, text, level }) {
  const line = element('span', 'alert', `${code}: ${text}`);
  line.dataset.level = level;
  return line;
}

export class RequestRow {
  #parts;
  #onOnly;
  #verbs = [];
  #stale = true;

  /** `onOnly` shows the requests of one call or message. */
  constructor(entry, onOnly) {
    this.element = copyOf('request');
    this.details = this.element.querySelector('details');
    this.#parts = partsOf(this.element);
    this.#onOnly = onOnly;
    // Up to a thousand rows with bodies of 64 kB: only what is open is built.
    this.details.addEventListener('toggle', () => this.#fill());
    this.show(entry);
  }

  show(entry) {
    this.entry = entry;
    this.#stale = true;
    const parts = this.#parts;
    parts.time.textContent = clockTime(entry.at, { seconds: true });
    parts.time.dateTime = entry.at;
    parts.kind.textContent = entry.kind;
    parts.flags.replaceChildren(...this.#flags().map((flag) => element('span', 'flag', flag)));
    parts.method.textContent = entry.method;
    parts.url.textContent = pathOf(entry.url);
    parts.url.title = entry.url;
    parts.took.textContent = entry.seconds ? `${Math.round(entry.seconds * 1000)} ms` : '';
    parts.status.textContent = entry.status ?? (entry.error_code ? 'none' : '…');
    parts.status.dataset.good = this.#verdict();
    parts.alerts.replaceChildren(...(entry.alerts ?? []).slice(0, 3).map(alertLine));
    this.#fill();
  }

  /** Marks the verbs of this answer, as {name, index}, that are being carried out. */
  carryOut(verbs) {
    const key = (list) => list.map(({ name, index }) => `${name} ${index}`).join();
    if (key(verbs) === key(this.#verbs)) return;
    this.#verbs = verbs;
    this.#parts.verb.textContent = verbs.map(({ name }) => name).join(', ');
    this.#parts.verb.hidden = !verbs.length;
    this.#stale = true;
    this.#fill();
  }

  /** True where every word of a search is somewhere in the request. */
  holds(words) {
    if (!words.length) return true;
    const { entry } = this;
    const alerts = (entry.alerts ?? []).map(({ code, text }) => `${code} ${text}`);
    const all = [entry.method, entry.url, entry.kind, entry.sid, entry.status, entry.body, ...entry.params.flat(), ...alerts, ...this.#flags()];
    const text = all.join('\n').toLowerCase();
    return words.every((word) => text.includes(word));
  }

  #flags() {
    const { fallback, retry, replay, fault } = this.entry;
    return [replay && 'replay', fallback && 'fallback', retry && 'second try', fault && `fault: ${fault}`].filter(Boolean);
  }

  #verdict() {
    const { status } = this.entry;
    if (isFaulty(this.entry)) return 'false';
    return status ? String(status < 400) : 'waiting';
  }

  #fill() {
    if (!this.details.open || !this.#stale) return;
    this.#stale = false;
    const { inside } = this.#parts;
    const unfolded = [...inside.querySelectorAll('.folded')].map((node) => node.open);
    inside.replaceChildren(...drawDetail(this.entry, this.#verbs, this.#onOnly));
    inside.querySelectorAll('.folded').forEach((node, index) => { node.open = unfolded[index] ?? false; });
  }
}
