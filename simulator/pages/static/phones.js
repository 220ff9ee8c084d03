/** The phones page: which handsets lie on the table, which are on the shelf, and the bell they share. */

import { get, phonePath } from './api.js';
import { compactNumber, isE164, readableNumber } from './format.js';
import { Handset } from './handset.js';
import { Ringer } from './ringer.js';

// A browser opens at most six connections to one server, and each handset holds one.
const TABLE_SIZE = 4;
const LOOK_AGAIN_AFTER = 3000;

const page = document.getElementById('main');
const table = document.getElementById('handsets');
const addCard = document.getElementById('add');
const addForm = document.getElementById('add-form');
const addError = document.getElementById('add-error');
const shelf = document.getElementById('shelf');
const shelfList = document.getElementById('shelf-list');
const notice = document.getElementById('notice');
const soundButton = document.getElementById('sound');

const lines = page.dataset.numbers.split(' ').filter(Boolean);
const title = document.title;
const ringer = new Ringer(review);
const handsets = new Map();
const shelved = new Set();

function open(number) {
  if (handsets.has(number)) return handsets.get(number);
  if (handsets.size >= TABLE_SIZE) putAway(leastNeeded());
  shelved.delete(number);
  const handset = new Handset(number, lines, { onChange: review, onClose: putAway });
  handsets.set(number, handset);
  table.insertBefore(handset.element, addCard);
  drawShelf();
  return handset;
}

function leastNeeded() {
  const all = [...handsets.values()];
  return all.find((handset) => handset.view === 'idle') ?? all[0];
}

function putAway(handset) {
  const hadFocus = handset.element.contains(document.activeElement);
  handset.close();
  handsets.delete(handset.number);
  shelved.add(handset.number);
  drawShelf();
  review();
  if (hadFocus) shelfList.querySelector(`[data-number="${CSS.escape(handset.number)}"]`).focus();
}

function drawShelf() {
  shelf.hidden = shelved.size === 0;
  const rows = [...shelved].map((number) => {
    const row = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'quiet';
    button.dataset.number = number;
    button.textContent = readableNumber(number);
    button.addEventListener('click', () => open(number).element.focus());
    row.append(button);
    return row;
  });
  shelfList.replaceChildren(...rows);
}

/** Bell, title and notice follow from the views of all handsets. */
function review() {
  const ringing = [...handsets.values()].filter((handset) => handset.view === 'ringing');
  ringer.ringing = ringing.length > 0;
  document.title = ringing.length ? `Ringing: ${readableNumber(ringing[0].number)}` : title;
  notice.textContent = ringer.blocked ? 'Tap or press a key to hear it ring.' : '';
  notice.hidden = !notice.textContent;
}

function drawSound() {
  soundButton.setAttribute('aria-pressed', String(ringer.on));
  soundButton.textContent = ringer.on ? 'Sound on' : 'Sound off';
}

/** Lays out the phones that others made (a script, a call to a new number) since the last look. */
async function lookForPhones() {
  if (document.visibilityState === 'visible') {
    try {
      const { phones } = await get('/phones');
      for (const { number } of phones) {
        if (handsets.has(number) || shelved.has(number)) continue;
        if (handsets.size < TABLE_SIZE) open(number);
        else shelved.add(number);
      }
      drawShelfUnlessInUse();
    } catch {
      // Each handset says by itself that the line is down.
    }
  }
  setTimeout(lookForPhones, LOOK_AGAIN_AFTER);
}

function drawShelfUnlessInUse() {
  if (!shelfList.contains(document.activeElement)) drawShelf();
}

async function addPhone(text) {
  const number = compactNumber(text);
  if (!isE164(number)) throw new Error('Write the number with + and the country code, such as +15550002222.');
  if (lines.includes(number)) throw new Error('This is one of the account’s own numbers: your application answers it.');
  await get(phonePath(number));
  return open(number);
}

addForm.addEventListener('submit', async (event) => {
  event.preventDefault();
  const input = addForm.elements.number;
  try {
    const handset = await addPhone(input.value);
    input.value = '';
    addError.hidden = true;
    handset.element.focus();
  } catch (error) {
    addError.textContent = error.message;
    addError.hidden = false;
    input.focus();
  }
});

soundButton.addEventListener('click', () => {
  ringer.on = !ringer.on;
  drawSound();
  review();
});
for (const node of page.querySelectorAll('.line-number')) node.textContent = readableNumber(node.dataset.number);

drawSound();
if (page.dataset.defaultPhone) open(page.dataset.defaultPhone);
lookForPhones();
