/** The time of the simulated world: how fast it runs, and moving it where it stands. */

import { post } from './api.js';
import { clockTime } from './format.js';

const form = document.getElementById('clock');
const time = document.getElementById('clock-time');
const controls = document.getElementById('clock-controls');

let speed = 1;

/** Shows the time of a clock that stands; one that runs needs no showing. */
export function tellTime(now) {
  if (speed === 0) time.textContent = clockTime(now, { seconds: true });
}

async function advance(seconds) {
  const { now } = await post('/clock', { advance: seconds });
  tellTime(now);
}

/** Shows a clock that stands, with its controls, or one that runs faster or slower than people's. */
export function showClock(hello) {
  speed = hello.speed;
  form.hidden = speed === 1;
  controls.hidden = speed !== 0;
  time.textContent = `Time × ${speed}`;
  tellTime(hello.now);
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  advance(Number(event.submitter?.value || form.elements.seconds.value));
});
