/** The webhooks that the simulator sent, newest on top, as they come: beside the phones, and on a page of their own. */

import { setText } from './dom.js';
import { wireFaults } from './faults.js';
import { isFaulty, RequestRow } from './request_row.js';

const KEPT = 1000; // as many as the simulator keeps

export class Inspector {
  #rows = new Map();
  #waiting = new Map();
  #verbs = [];
  #sid = '';
  #cleared = 0;
  #paused = false;
  #started = false;
  #parts;
  #onSid;

  /** `onSid` is told of which call or message alone the requests are shown; empty for all. */
  constructor(root, onSid = () => {}) {
    const part = (name) => root.querySelector(`[data-part="${name}"]`);
    const names = ['list', 'nothing', 'nothing-found', 'count', 'search', 'faulty', 'sid', 'sid-text', 'sid-clear', 'pause', 'clear'];
    this.#parts = Object.fromEntries(names.map((name) => [name, part(name)]));
    this.#onSid = onSid;
    this.#wire();
    this.faults = wireFaults(root);
  }

  #wire() {
    const parts = this.#parts;
    parts.search.addEventListener('input', () => this.#filter());
    parts.search.form.addEventListener('submit', (event) => event.preventDefault());
    parts.faulty.addEventListener('change', () => this.#filter());
    parts['sid-clear'].addEventListener('click', () => {
      this.showOnly('');
      parts.search.focus();
    });
    parts.pause.addEventListener('click', () => {
      this.#paused = !this.#paused;
      parts.pause.setAttribute('aria-pressed', String(this.#paused));
      if (!this.#paused) this.#draw();
    });
    parts.clear.addEventListener('click', () => {
      this.#cleared = Math.max(this.#cleared, ...this.#rows.keys());
      this.#forget((number) => number <= this.#cleared);
      this.#filter();
    });
  }

  follow(stream) {
    stream.addEventListener('restart', () => {
      this.#cleared = 0;
      this.#waiting.clear();
      this.#forget(() => true);
    });
    stream.addEventListener('hello', () => {
      this.#started = true;
      this.#later();
    });
    stream.addEventListener('verbs', ({ detail }) => this.#carryOut(detail.verbs));
    stream.addEventListener('request', ({ detail }) => {
      this.#waiting.set(detail.id, detail);
      if (detail.fault) this.faults.refresh();
      this.#later();
    });
  }

  /** Shows the requests of one call or message alone. */
  showOnly(sid) {
    this.#sid = sid;
    setText(this.#parts['sid-text'], sid);
    this.#parts.sid.hidden = !sid;
    this.#onSid(sid);
    this.#filter();
  }

  /** Marks the verbs, as {name, index, request_id}, that are being carried out in whatever call. */
  #carryOut(verbs) {
    this.#verbs = verbs;
    for (const [number, row] of this.#rows) row.carryOut(verbs.filter((verb) => verb.request_id === number));
  }

  /** Draws once for whatever came since the last picture. */
  #later() {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (!this.#paused) this.#draw();
    }, 30);
  }

  #timer = null;

  #draw() {
    for (const [number, entry] of this.#waiting) {
      if (number <= this.#cleared) continue;
      const row = this.#rows.get(number);
      if (row) row.show(entry);
      else this.#add(entry);
    }
    this.#waiting.clear();
    const oldest = Math.max(...this.#rows.keys()) - KEPT;
    this.#forget((number) => number <= oldest);
    this.#carryOut(this.#verbs);
    this.#filter();
  }

  #add(entry) {
    const row = new RequestRow(entry, (sid) => this.showOnly(sid));
    const later = [...this.#rows.values()].findLast(({ entry: other }) => other.id > entry.id);
    this.#rows.set(entry.id, row);
    if (later) later.element.after(row.element);
    else this.#parts.list.prepend(row.element);
    row.details.open = entry.replay && entry.replay_of !== null && this.#rows.get(entry.replay_of)?.details.open === true;
  }

  #forget(which) {
    for (const [number, row] of this.#rows) {
      if (!which(number)) continue;
      row.element.remove();
      this.#rows.delete(number);
    }
  }

  #filter() {
    const words = this.#parts.search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    let faulty = 0;
    for (const row of this.#rows.values()) {
      const bad = isFaulty(row.entry);
      const fits = (!this.#sid || row.entry.sid === this.#sid) && (!this.#parts.faulty.checked || bad) && row.holds(words);
      row.element.hidden = !fits;
      shown += fits;
      faulty += fits && bad;
    }
    this.#parts.nothing.hidden = this.#rows.size > 0 || !this.#started;
    this.#parts['nothing-found'].hidden = shown > 0 || this.#rows.size === 0;
    const total = shown === 1 ? '1 request' : `${shown} requests`;
    setText(this.#parts.count, shown ? total + (faulty ? `, ${faulty} with an error` : '') : '');
  }
}
