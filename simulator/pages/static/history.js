/** The calls of one phone, looked up when somebody opens the list and when a call ends while it is open. */

import { get, phonePath } from './api.js';
import { button, element } from './dom.js';
import { callStatus, clockTime, readableNumber } from './format.js';
import { drawLine } from './transcript.js';

export class History {
  #number;
  #details;
  #list;
  #onTrace;

  /** `onTrace` shows the webhooks of a call by its SID. */
  constructor(number, { details, list, onTrace }) {
    this.#number = number;
    this.#details = details;
    this.#list = list;
    this.#onTrace = onTrace;
    details.addEventListener('toggle', () => this.refresh());
  }

  async refresh() {
    if (!this.#details.open) return;
    try {
      const { calls } = await get(phonePath(this.#number, 'calls'));
      this.#list.replaceChildren(...(calls.length ? calls.map((call) => this.#draw(call)) : [element('li', 'soft', 'No calls yet.')]));
    } catch (error) {
      this.#list.replaceChildren(element('li', 'error', error.message));
    }
  }

  #draw(call) {
    const placed = call.from === this.#number;
    const other = readableNumber(placed ? call.to : call.from);
    const arrow = element('span', 'arrow', placed ? '↗' : '↙');
    arrow.setAttribute('aria-hidden', 'true');
    const summary = element(
      'summary', '', arrow,
      element('span', 'unseen', placed ? 'Called ' : 'Called by '),
      element('span', 'other', other),
      element('span', 'soft', `${callStatus(call.status)} · ${clockTime(call.started_at)}`),
    );
    const lines = call.transcript.map((line, index) => drawLine(line, call.transcript[index - 1]).node);
    const said = element('div', 'bubbles', ...(lines.length ? lines : [element('p', 'soft', 'Nothing was said.')]));
    const entry = element('details', 'past', summary, said, button('Webhooks of this call', () => this.#onTrace(call.sid), 'link'));
    entry.dataset.status = call.status;
    return element('li', '', entry);
  }
}
