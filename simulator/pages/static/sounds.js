/** What the page sounds by itself: bell, keys, beep and ringback, made of sine waves; silent until a person has done something. */

const KEY = 'sounds';
const LOUDNESS = 0.06;
const PERIOD = 4000;
const ROWS = [697, 770, 852, 941];
const COLUMNS = [1209, 1336, 1477, 1633];
const KEYS = ['123A', '456B', '789C', '*0#D'];
const BELL = [440, 480];

/** The two frequencies of a key, in hertz. Source: ITU-T Q.23. */
export function tonesOf(key) {
  const row = KEYS.findIndex((keys) => keys.includes(key));
  return row < 0 ? [] : [ROWS[row], COLUMNS[KEYS[row].indexOf(key)]];
}

export class Sounds {
  #context = null;
  #on = localStorage.getItem(KEY) !== 'off';
  #ringing = false;
  #timer = null;
  #level = null;

  /** `onUnlock` is told once the browser lets the page sound, which it does after the first gesture of a person. */
  constructor(onUnlock) {
    const gestures = new AbortController();
    const unlock = async () => {
      this.#context ??= new AudioContext();
      await this.#context.resume();
      gestures.abort();
      this.#ring();
      onUnlock();
    };
    for (const gesture of ['pointerup', 'keydown']) addEventListener(gesture, unlock, { signal: gestures.signal, capture: true });
  }

  get on() {
    return this.#on;
  }

  set on(value) {
    this.#on = value;
    localStorage.setItem(KEY, value ? 'on' : 'off');
    this.#ring();
  }

  /** True when somebody expects to hear the bell and the browser does not allow it yet. */
  get blocked() {
    return this.#ringing && this.#on && !this.#unlocked;
  }

  set ringing(value) {
    this.#ringing = value;
    this.#ring();
  }

  /** Each sounds at once and resolves when it is over. */
  press(key, seconds = 0.18) {
    return this.#play(tonesOf(key), seconds);
  }

  async send(keys) {
    for (const key of keys) await this.press(key, 0.12);
  }

  beep() {
    return this.#play([1000], 0.45);
  }

  ringback() {
    return this.#play(BELL, 1.2);
  }

  get #unlocked() {
    return this.#context?.state === 'running';
  }

  #play(frequencies, seconds) {
    if (!this.#on || !this.#unlocked || !frequencies.length) return Promise.resolve();
    this.#sound(frequencies, seconds, this.#context.destination);
    return new Promise((resolve) => setTimeout(resolve, seconds * 1000 + 40));
  }

  #ring() {
    const sound = this.#ringing && this.#on && this.#unlocked;
    if (sound && this.#timer === null) {
      this.#level = this.#context.createGain();
      this.#level.connect(this.#context.destination);
      const burst = () => this.#sound(BELL, 2, this.#level);
      burst();
      this.#timer = setInterval(burst, PERIOD);
    } else if (!sound && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
      this.#level.disconnect();
    }
  }

  #sound(frequencies, seconds, output) {
    const start = this.#context.currentTime + 0.01;
    const end = start + seconds;
    const envelope = this.#context.createGain();
    envelope.gain.setValueAtTime(0, start);
    envelope.gain.linearRampToValueAtTime(LOUDNESS, start + 0.01);
    envelope.gain.setValueAtTime(LOUDNESS, end - 0.02);
    envelope.gain.linearRampToValueAtTime(0, end);
    envelope.connect(output);
    for (const frequency of frequencies) {
      const tone = this.#context.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(envelope);
      tone.start(start);
      tone.stop(end);
    }
  }
}
