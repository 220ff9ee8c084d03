/** One phone: its card, its live state, and what a person can do with it. */

import { get, phonePath, post } from './api.js';
import { setText, Thread, Transcript } from './conversation.js';
import { callStatus, compactNumber, duration, readableNumber } from './format.js';

const PILLS = { idle: 'Idle', ringing: 'Ringing', calling: 'Calling', 'in-call': 'In call' };
const KEYPAD = '123456789*0#';
const SHORTCUTS = { a: 'answer', r: 'reject', h: 'hangup' };
const RETRY_AFTER = 3000;

export class Handset {
  #parts = {};
  #transcript;
  #thread;
  #stream = null;
  #retry = null;
  #ticker = null;
  #since = { call: null, at: 0 };

  /** `lines` are the account's numbers; `onChange` is told when the phone's view changed, `onClose` when it is put away. */
  constructor(number, lines, { onChange, onClose }) {
    this.number = number;
    this.view = 'connecting';
    this.onChange = onChange;
    this.element = document.getElementById('handset').content.firstElementChild.cloneNode(true);
    for (const node of this.element.querySelectorAll('[data-part]')) this.#parts[node.dataset.part] = node;
    this.#transcript = new Transcript(this.#parts.transcript);
    this.#thread = new Thread(this.#parts.thread);
    this.#dress(lines);
    this.#wire(onClose);
    this.#setView('connecting');
    this.#listen();
  }

  /** Ends the stream: a phone that nobody looks at decides by itself what to do when it rings. */
  close() {
    this.#stream?.close();
    clearTimeout(this.#retry);
    clearInterval(this.#ticker);
    this.element.remove();
  }

  #dress(lines) {
    const parts = this.#parts;
    const name = readableNumber(this.number);
    this.element.setAttribute('aria-label', `Phone ${name}`);
    this.element.dataset.number = this.number;
    parts.number.textContent = name;
    parts.close.setAttribute('aria-label', `Put phone ${name} away`);
    parts.destination.value = lines[0] ?? '';
    parts['text-to'].replaceChildren(...lines.map((line) => new Option(`To ${readableNumber(line)}`, line)));
    parts['text-to-field'].hidden = lines.length < 2;
    for (const digit of KEYPAD) {
      const key = document.createElement('button');
      key.type = 'button';
      key.textContent = digit;
      key.addEventListener('click', () => this.#do('press', { digits: digit }));
      parts.keypad.append(key);
    }
  }

  #wire(onClose) {
    const parts = this.#parts;
    for (const action of ['answer', 'reject', 'hangup']) {
      parts[action].addEventListener('click', () => this.#do(action));
    }
    parts['call-form'].addEventListener('submit', (event) => {
      event.preventDefault();
      this.#do('call', { to: compactNumber(parts.destination.value) });
    });
    parts['text-form'].addEventListener('submit', (event) => {
      event.preventDefault();
      this.#sendText();
    });
    parts['on-ring'].addEventListener('change', () => this.#do('', { on_ring: parts['on-ring'].value }));
    parts.close.addEventListener('click', () => onClose(this));
    this.element.addEventListener('keydown', (event) => this.#shortcut(event));
  }

  #shortcut(event) {
    const typing = event.target.closest('input, select, textarea');
    if (typing || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
    const action = SHORTCUTS[event.key.toLowerCase()];
    if (!action || this.#parts[action].closest('[hidden]')) return;
    event.preventDefault();
    this.#do(action);
  }

  async #sendText() {
    const { 'text-body': input, 'text-to': to } = this.#parts;
    const body = input.value;
    if (!body.trim()) return input.focus();
    if (await this.#do('text', { to: to.value, body })) input.value = '';
  }

  /** Asks the simulator for something; says so in the handset when it refuses. True when it was done. */
  async #do(action, body = {}) {
    try {
      await post(phonePath(this.number, action), body);
      this.#complain('');
      return true;
    } catch (error) {
      this.#complain(error.message);
      if (action === '') this.#refresh();
      return false;
    }
  }

  #complain(sentence) {
    this.#parts.error.textContent = sentence;
    this.#parts.error.hidden = !sentence;
  }

  #listen() {
    this.#stream = new EventSource(phonePath(this.number, 'events'));
    this.#stream.addEventListener('state', (event) => this.#show(JSON.parse(event.data)));
    this.#stream.addEventListener('error', () => {
      this.#setView('connecting');
      // The browser tries again by itself, except after an answer that was no stream.
      if (this.#stream.readyState === EventSource.CLOSED) {
        this.#retry = setTimeout(() => this.#listen(), RETRY_AFTER);
      }
    });
  }

  async #refresh() {
    try {
      this.#show(await get(phonePath(this.number)));
    } catch {
      // The complaint that led here already stands in the handset.
    }
  }

  #show(state) {
    const call = state.current_call;
    const outgoing = call?.from === this.number;
    // A phone that dials counts as in a call from the start; people tell the two apart.
    const view = outgoing && call.status !== 'in-progress' ? 'calling' : state.state;
    const changed = view !== this.view;
    this.#describe(view, call, outgoing);
    this.#setView(view);
    if (changed && view !== 'connecting') this.#complain('');
    this.#keepTime(call);

    const shown = call ?? state.last_call;
    this.#transcript.show(shown?.sid ?? null, state.transcript ?? []);
    this.#parts['talk-title'].textContent = this.#titleOf(call, state.last_call);
    this.#parts.trace.hidden = !shown;
    if (shown) this.#parts.trace.href = `/requests?sid=${encodeURIComponent(shown.sid)}`;

    this.#thread.show(state.messages ?? []);
    if (document.activeElement !== this.#parts['on-ring']) this.#parts['on-ring'].value = state.on_ring;
  }

  #titleOf(call, last) {
    if (call) return 'This call';
    return last ? `Last call: ${callStatus(last.status)}` : 'What is said';
  }

  #describe(view, call, outgoing) {
    const what = { ringing: 'Call from', calling: 'Calling', 'in-call': 'In a call with' };
    setText(this.#parts.what, what[view] ?? '');
    setText(this.#parts.whom, call ? readableNumber(outgoing ? call.to : call.from) : '');
  }

  /** Shows the controls of one view; the keyboard's focus stays in the handset when its button goes. */
  #setView(view) {
    const before = this.view;
    this.view = view;
    this.element.dataset.view = view;
    this.#parts.pill.textContent = PILLS[view] ?? 'Connecting';
    const focused = document.activeElement;
    const hadFocus = this.element.contains(focused);
    // While the line is down the last controls stay, so that nothing jumps.
    if (view !== 'connecting' || before === view) {
      const visible = view === 'connecting' ? 'idle' : view;
      for (const node of this.element.querySelectorAll('[data-when]')) {
        node.hidden = !node.dataset.when.split(' ').includes(visible);
      }
    }
    if (hadFocus && focused.closest('[hidden]')) this.element.focus({ preventScroll: true });
    if (before !== view) this.onChange(this);
  }

  /** Runs the timer from the moment at which this page saw the call answered. */
  #keepTime(call) {
    if (this.view !== 'in-call') {
      clearInterval(this.#ticker);
      this.#ticker = null;
      return;
    }
    if (this.#since.call !== call?.sid) this.#since = { call: call?.sid, at: Date.now() };
    this.#tick();
    this.#ticker ??= setInterval(() => this.#tick(), 250);
  }

  #tick() {
    setText(this.#parts.timer, duration((Date.now() - this.#since.at) / 1000));
  }
}
