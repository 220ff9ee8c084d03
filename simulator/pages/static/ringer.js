/** The bell of all phones on the page: two tones, two seconds on, two seconds off. */

const KEY = 'ring-sound';
const PERIOD = 4;
const BURST = 2;
const LOUDNESS = 0.05;

export class Ringer {
  #context = null;
  #timer = null;
  #ringing = false;
  #on = localStorage.getItem(KEY) !== 'off';
  #level = null;

  /** `onUnlock` is told once the browser lets the page sound, which it does after the first gesture of a person. */
  constructor(onUnlock) {
    const gestures = new AbortController();
    const unlock = async () => {
      this.#context ??= new AudioContext();
      await this.#context.resume();
      gestures.abort();
      this.#apply();
      onUnlock();
    };
    for (const gesture of ['pointerup', 'keydown']) addEventListener(gesture, unlock, { signal: gestures.signal });
  }

  get on() {
    return this.#on;
  }

  set on(value) {
    this.#on = value;
    localStorage.setItem(KEY, value ? 'on' : 'off');
    this.#apply();
  }

  /** True when somebody expects to hear the bell and the browser does not allow it yet. */
  get blocked() {
    return this.#ringing && this.#on && !this.#unlocked;
  }

  set ringing(value) {
    this.#ringing = value;
    this.#apply();
  }

  get #unlocked() {
    return this.#context?.state === 'running';
  }

  #apply() {
    const sound = this.#ringing && this.#on && this.#unlocked;
    if (sound && this.#timer === null) {
      this.#level = this.#context.createGain();
      this.#level.connect(this.#context.destination);
      this.#burst();
      this.#timer = setInterval(() => this.#burst(), PERIOD * 1000);
    } else if (!sound && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
      this.#level.disconnect();
    }
  }

  #burst() {
    const start = this.#context.currentTime + 0.02;
    const end = start + BURST;
    const envelope = this.#context.createGain();
    envelope.gain.setValueAtTime(0, start);
    envelope.gain.linearRampToValueAtTime(LOUDNESS, start + 0.05);
    envelope.gain.setValueAtTime(LOUDNESS, end - 0.1);
    envelope.gain.linearRampToValueAtTime(0, end);
    envelope.connect(this.#level);
    for (const frequency of [440, 480]) {
      const tone = this.#context.createOscillator();
      tone.frequency.value = frequency;
      tone.connect(envelope);
      tone.start(start);
      tone.stop(end);
    }
  }
}
