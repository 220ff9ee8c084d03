/** One phone: its card, its live state, and what a person can do with it. */

import { get, phonePath, post } from './api.js';
import { Composer } from './composer.js';
import { button, copyOf, isTyping, partsOf, setText } from './dom.js';
import { Earpiece } from './earpiece.js';
import { callStatus, compactNumber, duration, readableNumber } from './format.js';
import { History } from './history.js';
import { Keypad, KEYS } from './keypad.js';
import { wireMicrophone } from './microphone.js';
import { Thread } from './thread.js';
import { Transcript } from './transcript.js';

const PILLS = { idle: 'Idle', ringing: 'Ringing', calling: 'Calling', 'in-call': 'In call' };
const WHAT = { ringing: 'Call from', calling: 'Calling', 'in-call': 'In a call with' };
const HABITS = ['on_ring', 'on_text'];
const DEEDS = { a: 'answer', r: 'reject', h: 'hangup' };
const FIELDS = { d: 'destination', s: 'speech', t: 'text-body' };

export class Handset {
  #parts;
  #transcript;
  #thread;
  #keypad;
  #earpiece;
  #history;
  #state = null;
  #seenAt = 0;

  /**
   * `lines` are the account's numbers; `onChange` is told when the phone's view changed, `onClose` when it is put away,
   * `onTrace` when somebody wants to see the webhooks of a call.
   */
  constructor(number, { lines, sounds, onChange, onClose, onTrace }) {
    this.number = number;
    this.view = 'connecting';
    this.speed = 1;
    this.onChange = onChange;
    this.element = copyOf('handset');
    this.#parts = partsOf(this.element);
    this.#earpiece = new Earpiece(sounds);
    this.#transcript = new Transcript(this.#parts.transcript, (line, complain) => this.#earpiece.hear(line, complain));
    this.#thread = new Thread(this.#parts.thread, { manyLines: lines.length > 1 });
    this.#keypad = new Keypad(this.#parts.keypad, sounds, (digit) => this.#press(digit));
    this.#history = new History(number, { details: this.#parts.history, list: this.#parts['history-list'], onTrace });
    this.#dress(lines);
    this.#wire(onClose, onTrace);
    this.#parts.talk.hidden = true;
    this.#setView('connecting');
  }

  get #call() {
    return this.#state?.current_call ?? null;
  }

  close() {
    this.#earpiece.hush();
    this.element.remove();
  }

  #dress(lines) {
    const parts = this.#parts;
    const name = readableNumber(this.number);
    this.element.setAttribute('aria-label', `Phone ${name}`);
    this.element.dataset.number = this.number;
    parts.number.textContent = name;
    parts.number.title = this.number;
    parts.client.hidden = !this.number.startsWith('client:');
    parts.close.setAttribute('aria-label', `Put phone ${name} away`);
    parts.destination.value = lines[0] ?? '';
    const choose = (line) => {
      parts.destination.value = line;
      parts.destination.focus();
    };
    parts.lines.replaceChildren(...lines.map((line) => button(readableNumber(line), () => choose(line))));
    parts.lines.hidden = lines.length < 2;
    parts['text-to'].replaceChildren(...lines.map((line) => new Option(`To ${readableNumber(line)}`, line)));
    parts['text-to-field'].hidden = lines.length < 2;
  }

  #wire(onClose, onTrace) {
    const parts = this.#parts;
    const onSubmit = (form, act) => parts[form].addEventListener('submit', (event) => {
      event.preventDefault();
      act();
    });
    for (const deed of Object.values(DEEDS)) parts[deed].addEventListener('click', () => this.#do(deed));
    parts.hangup.addEventListener('click', () => this.#earpiece.hush());
    onSubmit('call-form', () => {
      const whom = parts.destination.value.trim();
      this.#do('call', { to: /[a-z]/i.test(whom) ? whom : compactNumber(whom) });
    });
    onSubmit('speech-form', () => this.#speak(parts.speech.value));
    for (const habit of HABITS) {
      const select = parts[habit.replace('_', '-')];
      select.addEventListener('change', () => this.#do('', { [habit]: select.value }));
    }
    parts.close.addEventListener('click', () => onClose(this));
    parts.trace.addEventListener('click', () => onTrace((this.#call ?? this.#state.last_call).sid));
    const complain = (sentence) => this.#complain(sentence);
    wireMicrophone(parts.microphone, { onWords: (words) => this.#speak(words), onError: complain });
    new Composer(parts, { send: (text) => this.#do('text', text), complain });
    this.element.addEventListener('keydown', (event) => this.#key(event));
  }

  #key(event) {
    if (event.key === 'Escape' && isTyping(event.target)) return this.element.focus();
    if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return undefined;
    const key = event.key.toLowerCase();
    if (KEYS.includes(key) && this.view === 'in-call') {
      if (!event.repeat) this.#keypad.press(key);
      return event.preventDefault();
    }
    const part = this.#parts[DEEDS[key] ?? FIELDS[key]];
    if (!part || event.repeat || part.closest('[hidden]')) return undefined;
    event.preventDefault();
    return DEEDS[key] ? part.click() : part.focus();
  }

  #press(digit) {
    this.#earpiece.hush();
    this.#do('press', { digits: digit });
  }

  async #speak(text) {
    if (!text.trim()) return this.#parts.speech.focus();
    this.#earpiece.hush();
    if (await this.#do('speak', { text })) this.#parts.speech.value = '';
    return undefined;
  }

  /** Asks the simulator for something; says so in the handset when it refuses. True when it was done. */
  async #do(action, body = {}) {
    try {
      await post(phonePath(this.number, action), body);
      this.#complain('');
      return true;
    } catch (error) {
      this.#complain(error.message);
      if (action === '') get(phonePath(this.number)).then((state) => this.show(state), () => {});
      return false;
    }
  }

  #complain(sentence) {
    this.#parts.error.textContent = sentence;
    this.#parts.error.hidden = !sentence;
  }

  /** The line to the simulator is down: what was last known stays, and nothing runs on. */
  lose() {
    this.#setView('connecting');
  }

  show(state) {
    const call = state.current_call;
    const ended = this.#call && this.#call.sid !== call?.sid;
    const outgoing = call?.from === this.number;
    // A phone that dials counts as in a call from the start; people tell the two apart.
    const view = outgoing && call.status !== 'in-progress' ? 'calling' : state.state;
    const changed = view !== this.view;
    this.#state = state;
    this.#seenAt = performance.now();
    setText(this.#parts.what, WHAT[view] ?? '');
    setText(this.#parts.whom, call ? readableNumber(call.other_party ?? (outgoing ? call.to : call.from)) : '');
    this.#describe(call);
    this.#setView(view);
    if (changed) this.#complain('');
    this.tick();

    const shown = call ?? state.last_call;
    this.#transcript.show(shown?.sid ?? null, state.transcript ?? []);
    setText(this.#parts['talk-title'], titleOf(call, state.last_call));
    this.#parts.talk.hidden = !shown || (view === 'ringing' && !state.transcript.length);
    this.#parts.trace.hidden = !shown;
    this.#thread.show(state.messages ?? []);
    for (const habit of HABITS) {
      const select = this.#parts[habit.replace('_', '-')];
      if (document.activeElement !== select) select.value = state[habit];
    }
    if (ended) this.#history.refresh();
  }

  /** What the call is doing: on hold, in a room, recorded, and what it waits for. */
  #describe(call) {
    const marks = call ? [
      call.conference && `Conference ${call.conference}`, call.queue && `Queue ${call.queue}`,
      call.on_hold && 'On hold', call.muted && 'Muted',
    ].filter(Boolean) : [];
    setText(this.#parts.marks, marks.join(' · '));
    this.#parts.marks.hidden = !marks.length;
    setText(this.#parts.waiting, call?.waiting ? `${call.verb.name}: ${call.waiting}` : '');
    this.#parts.recording.hidden = !call?.recording;
  }

  /** Lets the timers run on; simulated time goes on between two looks unless it stands. */
  tick() {
    if (!this.#state || this.view !== 'in-call') return;
    const now = Date.parse(this.#state.now) + (performance.now() - this.#seenAt) * this.speed;
    const seconds = (moment) => duration((now - Date.parse(moment ?? this.#state.now)) / 1000);
    setText(this.#parts.timer, seconds(this.#call.answered_at ?? this.#call.started_at));
    const beep = this.#state.transcript?.findLast((line) => line.verb === 'Beep');
    if (this.#call.recording) setText(this.#parts.recorded, seconds(beep?.at ?? this.#call.answered_at));
  }

  /** Shows the controls of one view; the keyboard's focus stays in the handset when its button goes. */
  #setView(view) {
    const before = this.view;
    this.view = view;
    this.element.dataset.view = view;
    setText(this.#parts.pill, PILLS[view] ?? 'Connecting');
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
}

function titleOf(call, last) {
  if (call) return 'This call';
  return last ? `Last call: ${callStatus(last.status)}` : 'What is said';
}
