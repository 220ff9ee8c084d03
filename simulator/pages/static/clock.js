/** The time of the simulated world: how fast it runs, and moving it where it stands. */

import { post } from './api.js';
import { clockTime } from './format.js';

const form = document.getElementById('clock');
const time = document.getElementById('clock-time');
const controls = document.getElementById('clock-controls');

async function advance(seconds) {
  const { now } = await post('/clock', { advance: seconds });
  time.textContent = clockTime(now, { seconds: true });
}

/** Shows a clock that stands, with its controls, or one that runs faster or slower than people's. */
export function showClock({ now, speed }) {
  form.hidden = speed === 1;
  controls.hidden = speed !== 0;
  time.textContent = speed === 0 ? clockTime(now, { seconds: true }) : `Time × ${speed}`;
}

form.addEventListener('submit', (event) => {
  event.preventDefault();
  advance(Number(event.submitter?.value || form.elements.seconds.value));
});
