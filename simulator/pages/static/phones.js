/** The phones page: which handsets lie on the table, which are on the shelf, and what they share. */

import { get, phonePath } from './api.js';
import { showClock, tellTime } from './clock.js';
import { button, isTyping } from './dom.js';
import { spoken } from './earpiece.js';
import { addressOf, readableNumber } from './format.js';
import { Handset } from './handset.js';
import { wireHelp } from './help.js';
import { Inspector } from './inspector.js';
import { wireDrawer } from './drawer.js';
import { Sounds } from './sounds.js';
import { Stream } from './stream.js';

const KEPT = 'phones';
const LAID_OUT_UNASKED = 4;
const SHELF_SIZE = 60;

const page = document.getElementById('main');
const table = document.getElementById('handsets');
const addForm = document.getElementById('add-form');
const addError = document.getElementById('add-error');
const shelf = document.getElementById('shelf');
const shelfList = document.getElementById('shelf-list');
const notice = document.getElementById('notice');
const lost = document.getElementById('lost');

const lines = page.dataset.numbers.split(' ').filter(Boolean);
const title = document.title;
const handsets = new Map();
const shelved = new Set();
const sounds = new Sounds(review);
const stream = new Stream({ requests: true });
const inspector = new Inspector(document.getElementById('inspector'));
const drawer = wireDrawer();
let speed = 1;
const chosen = askedFor();
let first = true;

/** The phones that the address names, or else those of the last visit; null where there is neither. */
function askedFor() {
  const named = new URLSearchParams(location.search).getAll('phone');
  const kept = JSON.parse(localStorage.getItem(KEPT) ?? 'null');
  const numbers = (named.length ? named : kept ?? []).map((text) => addressOf(text.replace(/^ (?=\d)/, '+')));
  const usable = numbers.filter((number) => number && !lines.includes(number));
  return usable.length || kept ? [...new Set(usable)] : null;
}

function remember() {
  const numbers = [...handsets.keys()];
  localStorage.setItem(KEPT, JSON.stringify(numbers));
  const query = new URLSearchParams(numbers.map((number) => ['phone', number]));
  history.replaceState(null, '', numbers.length ? `?${query}` : location.pathname);
}

function open(number) {
  if (handsets.has(number)) return handsets.get(number);
  shelved.delete(number);
  const handset = new Handset(number, { lines, sounds, onChange: review, onClose: putAway, onTrace: trace });
  handset.speed = speed;
  handsets.set(number, handset);
  table.append(handset.element);
  laidOut();
  return handset;
}

function putAway(handset) {
  const hadFocus = handset.element.contains(document.activeElement);
  handset.close();
  handsets.delete(handset.number);
  shelved.add(handset.number);
  laidOut();
  review();
  if (hadFocus) shelfList.querySelector(`[data-number="${CSS.escape(handset.number)}"]`)?.focus();
}

/** What follows from which phones lie on the table. */
function laidOut() {
  stream.follow(handsets.keys());
  document.getElementById('nobody').hidden = handsets.size > 0;
  drawShelf();
  if (!first) remember();
}

function drawShelf() {
  const numbers = [...shelved].slice(-SHELF_SIZE);
  shelf.hidden = numbers.length === 0;
  document.getElementById('shelf-title').textContent = `More phones (${shelved.size})`;
  shelfList.replaceChildren(...numbers.map((number) => {
    const row = document.createElement('li');
    const take = button(readableNumber(number), () => open(number).element.focus());
    take.dataset.number = number;
    row.append(take);
    return row;
  }));
}

/** Bell, title and notice follow from the views of all handsets. */
function review() {
  const ringing = [...handsets.values()].filter((handset) => handset.view === 'ringing');
  sounds.ringing = ringing.length > 0;
  document.title = ringing.length ? `Ringing: ${readableNumber(ringing[0].number)}` : title;
  notice.textContent = sounds.blocked ? 'Tap or press a key to hear it ring.' : '';
  notice.hidden = !notice.textContent;
}

function trace(sid) {
  drawer.open();
  inspector.showOnly(sid);
}

/** Phones that others made (a script, a call to a new number) are laid out while there is room, and else put on the shelf. */
function meet(numbers) {
  const mayLayOut = !first || chosen === null;
  for (const number of numbers) {
    if (handsets.has(number) || shelved.has(number)) continue;
    if (mayLayOut && handsets.size < LAID_OUT_UNASKED) open(number);
    else shelved.add(number);
  }
  first = false;
  drawShelf();
  remember();
}

stream.addEventListener('hello', ({ detail }) => {
  lost.hidden = true;
  speed = detail.speed;
  for (const handset of handsets.values()) handset.speed = speed;
  showClock(detail);
});
stream.addEventListener('lost', () => {
  lost.hidden = false;
  for (const handset of handsets.values()) handset.lose();
});
stream.addEventListener('state', ({ detail }) => {
  handsets.get(detail.number)?.show(detail);
  tellTime(detail.now);
});
stream.addEventListener('handsets', ({ detail }) => meet(detail.numbers));
stream.addEventListener('refused', ({ detail }) => {
  const handset = handsets.get(detail.number);
  if (handset) putAway(handset);
  shelved.delete(detail.number);
  drawShelf();
});
inspector.follow(stream);

addForm.addEventListener('submit', async (event) => {
  event.preventDefault();
  const input = addForm.elements.number;
  try {
    const number = addressOf(input.value);
    if (!number) throw new Error('Write a number with + and the country code, such as +15550002222, or a name, such as alice.');
    if (lines.includes(number)) throw new Error('This is one of the account’s own numbers: your application answers it.');
    await get(phonePath(number));
    input.value = '';
    addError.hidden = true;
    open(number).element.focus();
  } catch (error) {
    addError.textContent = error.message;
    addError.hidden = false;
    input.focus();
  }
});

/** Makes a button of the bar switch something on and off. */
function wireSwitch(id, thing, names) {
  const node = document.getElementById(id);
  const draw = () => {
    node.setAttribute('aria-pressed', String(thing.on));
    node.title = names[Number(thing.on)];
  };
  node.addEventListener('click', () => {
    thing.on = !thing.on;
    draw();
    review();
  });
  draw();
}

wireSwitch('sound', sounds, ['Bell, keys and files are silent', 'Bell, keys and files can be heard']);
wireSwitch('voice', spoken, ['Say is only shown', 'Say is spoken aloud']);
addEventListener('keydown', (event) => {
  if (event.key.toLowerCase() !== 'n' || isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  addForm.elements.number.focus();
});
wireHelp();
setInterval(() => handsets.forEach((handset) => handset.tick()), 250);
for (const node of page.querySelectorAll('.line-number')) node.textContent = readableNumber(node.dataset.number);
for (const number of chosen ?? [page.dataset.defaultPhone].filter(Boolean)) open(number);
laidOut();
