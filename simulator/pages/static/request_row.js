/** One webhook as a row that opens. All of it comes from outside, and is put in as text, never as HTML. */

import { errorSentence } from './error_codes.js';
import { clockTime } from './format.js';

const template = document.getElementById('request');

function element(tag, text = '', className = '') {
  const node = document.createElement(tag);
  node.textContent = text;
  node.className = className;
  return node;
}

function section(title, ...content) {
  const node = document.createElement('section');
  node.append(element('h2', title), ...content);
  return node;
}

function pairList(pairs) {
  const list = document.createElement('dl');
  for (const [name, value] of pairs) list.append(element('dt', name), element('dd', value));
  return list;
}

/** Lets the arrow keys reach what does not fit. */
function scrollable(node) {
  node.tabIndex = 0;
  return node;
}

function sidLink(sid) {
  const link = element('a', sid);
  link.href = `/requests?sid=${encodeURIComponent(sid)}`;
  return link;
}

function alertLine({ code, text, level }) {
  const line = element('span', errorSentence(code, text), 'alert');
  line.dataset.level = level;
  return line;
}

/** True when Twilio would count the answer as an error; a warning is none. */
export function isFaulty(entry) {
  return (entry.alerts ?? []).some((alert) => alert.level === 'error');
}

export class RequestRow {
  #parts = {};
  #entry;
  #print = null;
  #stale = true;

  constructor(entry) {
    this.element = template.content.firstElementChild.cloneNode(true);
    this.details = this.element.querySelector('details');
    for (const node of this.element.querySelectorAll('[data-part]')) this.#parts[node.dataset.part] = node;
    // Up to a thousand rows with bodies of 64 kB: only what is open is built.
    this.details.addEventListener('toggle', () => this.#fill());
    this.show(entry);
  }

  show(entry) {
    const print = [entry.status, entry.seconds, entry.fault, entry.alerts?.length].join(' ');
    if (print === this.#print) return;
    this.#print = print;
    this.#entry = entry;
    this.#stale = true;
    const parts = this.#parts;
    parts.time.textContent = clockTime(entry.at, { seconds: true });
    parts.time.dateTime = entry.at;
    parts.kind.textContent = [entry.kind, ...this.#flags()].join(', ');
    parts.method.textContent = entry.method;
    parts.url.textContent = entry.url;
    parts.took.textContent = entry.seconds ? `${entry.seconds.toFixed(2)} s` : '';
    parts.status.textContent = entry.status ?? (entry.error_code ? 'none' : '…');
    parts.status.dataset.good = this.#verdict();
    parts.alerts.replaceChildren(...(entry.alerts ?? []).map(alertLine));
    this.#fill();
  }

  #flags() {
    const { fallback, retry, fault } = this.#entry;
    return [fallback && 'fallback', retry && 'second try', fault && `fault: ${fault}`].filter(Boolean);
  }

  #verdict() {
    const { status } = this.#entry;
    if (isFaulty(this.#entry)) return 'false';
    if (!status) return 'waiting';
    return String(status < 400);
  }

  #fill() {
    if (!this.details.open || !this.#stale) return;
    this.#stale = false;
    const entry = this.#entry;
    const headers = entry.response_headers ?? [];
    const parameters = entry.params?.length ? pairList(entry.params) : element('p', 'None.', 'empty');
    const body = entry.body ? scrollable(element('pre', entry.body)) : element('p', 'Empty.', 'empty');
    const sections = [section('Parameters', parameters), section('Answer', body)];
    if (headers.length) sections.push(section('Answer’s headers', pairList(headers)));
    if (entry.signature) sections.push(section('Signature', element('p', entry.signature)));
    if (entry.sid) sections.unshift(section('Call or message', sidLink(entry.sid)));
    this.#parts.inside.replaceChildren(...sections);
  }
}
