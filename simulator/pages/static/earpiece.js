/** What one phone lets its person hear, one thing after the other: words, files, tones. */

import { isMan, languageOf, pickVoice } from './voices.js';

const KEY = 'say-aloud';
const MOST_WAITING = 6;

/** Whether Say is spoken: one switch for the page, kept by the browser. */
export const spoken = {
  get on() {
    return localStorage.getItem(KEY) !== 'off';
  },
  set on(value) {
    localStorage.setItem(KEY, value ? 'on' : 'off');
    if (!value) globalThis.speechSynthesis?.cancel();
  },
};

export class Earpiece {
  #sounds;
  #queue = [];
  #busy = false;
  #stop = null;

  constructor(sounds) {
    this.#sounds = sounds;
  }

  /** Lets a new line of the transcript be heard; `onError` is told where the browser cannot play a file. */
  hear(line, onError) {
    if (line.speaker === 'phone') return this.hush();
    const sound = this.#soundOf(line, onError);
    if (!sound) return undefined;
    this.#queue.push(sound);
    this.#queue.splice(0, this.#queue.length - MOST_WAITING);
    return this.#run();
  }

  /** Falls silent at once, as when a key is pressed or the phone hung up. */
  hush() {
    this.#queue.length = 0;
    this.#stop?.();
  }

  #soundOf({ verb, text, voice, language }, onError) {
    const address = /^https?:\/\//i.test(text ?? '');
    if (verb === 'Say' || verb === 'Speak') return () => this.#say(text, voice, language);
    if ((verb === 'Play' || verb === 'Music') && address) return () => this.#play(text, onError);
    if (verb === 'Digits' || verb === 'Press') return () => this.#sounds.send(text);
    if (verb === 'Beep') return () => this.#sounds.beep();
    if (verb === 'Ringing') return () => this.#sounds.ringback();
    return null;
  }

  async #run() {
    if (this.#busy) return;
    this.#busy = true;
    while (this.#queue.length) await this.#queue.shift()();
    this.#busy = false;
  }

  /** Runs one sound that can be stopped; one of which the browser never says that it ended is given up after its time. */
  #until(start, seconds) {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(limit);
        this.#stop = null;
        resolve();
      };
      const limit = seconds ? setTimeout(end, seconds * 1000) : null;
      start(end);
    });
  }

  #say(text, voice, language) {
    const synthesis = globalThis.speechSynthesis;
    if (!spoken.on || !synthesis || !navigator.userActivation?.hasBeenActive) return Promise.resolve();
    const utterance = new SpeechSynthesisUtterance(text);
    utterance.lang = languageOf(voice, language);
    utterance.voice = pickVoice(synthesis.getVoices(), utterance.lang);
    utterance.pitch = isMan(voice) ? 0.8 : 1;
    return this.#until((end) => {
      utterance.onend = end;
      utterance.onerror = end;
      this.#stop = () => {
        synthesis.cancel();
        end();
      };
      synthesis.speak(utterance);
    }, 3 + text.split(/\s+/).length);
  }

  #play(address, onError) {
    if (!this.#sounds.on) return Promise.resolve();
    const audio = new Audio(address);
    return this.#until((end) => {
      this.#stop = () => {
        audio.pause();
        end();
      };
      audio.onended = end;
      const fail = (reason) => {
        onError(reason);
        end();
      };
      audio.onerror = () => fail('This browser cannot play the file.');
      audio.play().catch((error) => {
        if (error.name === 'NotAllowedError') fail('The browser plays nothing before you have pressed or tapped something.');
      });
    });
  }
}
