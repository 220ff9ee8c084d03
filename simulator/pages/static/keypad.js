/** The keys of a phone: drawn, pressed by pointer or keyboard, and lit while they sound. */

import { element } from './dom.js';
import { tonesOf } from './sounds.js';

const LETTERS = { 2: 'ABC', 3: 'DEF', 4: 'GHI', 5: 'JKL', 6: 'MNO', 7: 'PQRS', 8: 'TUV', 9: 'WXYZ', 0: '+' };
const NAMES = { '*': 'star', '#': 'hash' };
export const KEYS = '123456789*0#';

export class Keypad {
  #keys = new Map();
  #sounds;

  /** `onPress` is told each key. */
  constructor(root, sounds, onPress) {
    this.#sounds = sounds;
    for (const digit of KEYS) {
      const key = element('button', 'key', digit);
      key.dataset.letters = LETTERS[digit] ?? ''; // shown, but no part of the key's name
      key.type = 'button';
      key.setAttribute('aria-label', NAMES[digit] ?? digit);
      key.dataset.tones = tonesOf(digit).join(' ');
      key.addEventListener('click', () => {
        this.light(digit);
        onPress(digit);
      });
      this.#keys.set(digit, key);
      root.append(key);
    }
  }

  /** Presses a key as a person would. */
  press(digit) {
    this.#keys.get(digit).click();
  }

  async light(digit) {
    const key = this.#keys.get(digit);
    key.classList.add('sounding');
    await Promise.all([this.#sounds.press(digit), new Promise((resolve) => setTimeout(resolve, 180))]);
    key.classList.remove('sounding');
  }
}
