/** The page of the webhooks alone. */

import { showClock } from './clock.js';
import { wireHelp } from './help.js';
import { Inspector } from './inspector.js';
import { Stream } from './stream.js';

const lost = document.getElementById('lost');
const stream = new Stream({ requests: true });
const inspector = new Inspector(document.getElementById('inspector'), (sid) => {
  history.replaceState(null, '', sid ? `?sid=${encodeURIComponent(sid)}` : location.pathname);
});

inspector.follow(stream);
inspector.showOnly(new URLSearchParams(location.search).get('sid')?.trim() ?? '');
stream.addEventListener('lost', () => { lost.hidden = false; });
stream.addEventListener('hello', ({ detail }) => {
  lost.hidden = true;
  showClock(detail);
});
wireHelp();
stream.follow([]);
