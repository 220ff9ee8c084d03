/** The webhooks page: looks every second, while it is seen and not paused, at what the simulator sent. */

import { get } from './api.js';
import { isFaulty, RequestRow } from './request_row.js';

const EVERY = 1000;

const list = document.getElementById('requests');
const columns = document.getElementById('columns');
const nothing = document.getElementById('nothing');
const count = document.getElementById('count');
const notice = document.getElementById('notice');
const pauseButton = document.getElementById('pause');

const sid = new URLSearchParams(location.search).get('sid')?.trim() ?? '';
const rows = new Map();
let paused = false;

// A simulator that was started again counts from the beginning: the time tells its requests apart.
const keyOf = (entry) => `${entry.id} ${entry.at}`;

function show(entries) {
  const present = new Set(entries.map(keyOf));
  for (const [key, row] of rows) {
    if (present.has(key)) continue;
    row.element.remove();
    rows.delete(key);
  }
  for (const entry of entries) {
    const row = rows.get(keyOf(entry));
    if (row) row.show(entry);
    else add(entry);
  }
  columns.hidden = entries.length === 0;
  nothing.hidden = entries.length > 0;
  describe(entries);
}

function add(entry) {
  const row = new RequestRow(entry);
  rows.set(keyOf(entry), row);
  list.prepend(row.element);
}

function describe(entries) {
  const faulty = entries.filter(isFaulty).length;
  const total = entries.length === 1 ? '1 request' : `${entries.length} requests`;
  const text = entries.length ? total + (faulty ? `, ${faulty} with an error` : '') : '';
  if (count.textContent !== text) count.textContent = text;
}

function complain(sentence) {
  if (notice.textContent !== sentence) notice.textContent = sentence;
  notice.hidden = !sentence;
}

async function look() {
  if (document.visibilityState === 'visible' && !paused) {
    try {
      const { requests } = await get(sid ? `/requests?sid=${encodeURIComponent(sid)}` : '/requests');
      show(requests);
      complain('');
    } catch (error) {
      complain(error.message);
    }
  }
  setTimeout(look, EVERY);
}

pauseButton.addEventListener('click', () => {
  paused = !paused;
  pauseButton.setAttribute('aria-pressed', String(paused));
});

document.getElementById('sid').value = sid;
document.getElementById('clear').hidden = !sid;
look();
