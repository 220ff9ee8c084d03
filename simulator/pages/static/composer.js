/** Writing a text: words, and pictures that are made as small as a phone makes them before it sends them. */

import { button, element } from './dom.js';

const MOST = 10;
const LARGEST = 600_000; // bytes; what networks carry, and what fits the simulator's largest request together with others
const LONGEST_SIDE = 1600;

function readAsDataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(new Error(`${file.name} cannot be read.`));
    reader.readAsDataURL(file);
  });
}

/** A file as an address that holds it; a large picture is scaled down. */
async function addressOfFile(file) {
  if (file.size <= LARGEST) return readAsDataUrl(file);
  if (!file.type.startsWith('image/')) throw new Error(`${file.name} is larger than 600 kB.`);
  const bitmap = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name} is not a picture that this browser knows.`);
  });
  for (let side = LONGEST_SIDE; side >= 200; side /= 2) {
    const scale = Math.min(1, side / Math.max(bitmap.width, bitmap.height));
    const canvas = element('canvas');
    canvas.width = Math.round(bitmap.width * scale);
    canvas.height = Math.round(bitmap.height * scale);
    canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const address = canvas.toDataURL('image/jpeg', 0.8);
    if (address.length <= LARGEST) return address;
  }
  throw new Error(`${file.name} cannot be made small enough.`);
}

export class Composer {
  #parts;
  #send;
  #complain;
  #pictures = [];

  /** `send` takes {to, body, media} and says whether it was done. */
  constructor(parts, { send, complain }) {
    this.#parts = parts;
    this.#send = send;
    this.#complain = complain;
    parts['text-form'].addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    parts.attach.addEventListener('click', () => parts.files.click());
    parts.files.addEventListener('change', () => this.#take([...parts.files.files]));
    parts['text-body'].addEventListener('paste', (event) => this.#take([...event.clipboardData.files]));
  }

  async #submit() {
    const { 'text-body': input, 'text-to': to } = this.#parts;
    if (!input.value.trim() && !this.#pictures.length) return input.focus();
    const text = { to: to.value, body: input.value.trim() ? input.value : '' };
    if (this.#pictures.length) text.media = this.#pictures.map(({ address }) => address);
    if (!(await this.#send(text))) return undefined;
    input.value = '';
    this.#pictures = [];
    return this.#draw();
  }

  async #take(files) {
    try {
      for (const file of files) {
        if (this.#pictures.length === MOST) throw new Error(`A text carries at most ${MOST} pictures.`);
        this.#pictures.push({ name: file.name, address: await addressOfFile(file) });
      }
    } catch (error) {
      this.#complain(error.message);
    }
    this.#parts.files.value = '';
    this.#draw();
  }

  #draw() {
    const chips = this.#pictures.map((picture) => {
      const image = element('img');
      image.src = picture.address.startsWith('data:image/') ? picture.address : '';
      image.alt = '';
      const drop = button('×', () => {
        this.#pictures = this.#pictures.filter((other) => other !== picture);
        this.#draw();
        this.#parts['text-body'].focus();
      });
      drop.setAttribute('aria-label', `Remove ${picture.name}`);
      return element('li', '', image, element('span', 'name', picture.name), drop);
    });
    this.#parts.pictures.replaceChildren(...chips);
    this.#parts.pictures.hidden = !chips.length;
  }
}
