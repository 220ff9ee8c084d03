/** The faults that are still to happen: listed, asked for, forgotten. Which kinds there are the simulator says. */

import { get, post, remove } from './api.js';
import { element } from './dom.js';

const EXTRAS = { seconds: 'Seconds late', status: 'HTTP status', code: 'Twilio’s code' };

function describe({ target, kind, match, sid, count, seconds, status, code, rate }) {
  const times = rate ? `with a probability of ${rate}` : count === 1 ? 'once' : `${count} times`;
  const extras = [seconds && `${seconds} s`, status, target === 'message' && code].filter(Boolean).join(' ');
  const where = match ? ` where the address holds “${match}”` : '';
  return `${target}: ${kind}${extras ? ` ${extras}` : ''}, ${times}${where}${sid ? ` for ${sid}` : ''}`;
}

/** Wires the panel of faults; returns what looks at them again. */
export function wireFaults(root) {
  const part = (name) => root.querySelector(`[data-part="${name}"]`);
  const panel = part('faults');
  const form = part('fault-form');
  const complaint = part('fault-error');
  const { target, kind } = form.elements;
  let kinds = {};

  const options = (names) => names.map((name) => new Option(name, name));
  const chosen = () => kinds[target.value]?.[kind.value] ?? { about: '', fields: [] };

  function chooseKind() {
    const { about, fields } = chosen();
    part('fault-about').textContent = about;
    part('fault-extras').replaceChildren(...fields.map((name) => {
      const input = element('input');
      Object.assign(input, { name, type: 'number', min: 0, step: 'any', required: true });
      return element('label', 'field', element('span', '', EXTRAS[name] ?? name), input);
    }));
  }

  function chooseTarget() {
    kind.replaceChildren(...options(Object.keys(kinds[target.value] ?? {})));
    chooseKind();
  }

  function show(answer) {
    if (JSON.stringify(kinds) !== JSON.stringify(answer.kinds)) {
      kinds = answer.kinds;
      target.replaceChildren(...options(Object.keys(kinds)));
      chooseTarget();
    }
    const { faults } = answer;
    part('fault-list').replaceChildren(...faults.map((fault) => element('li', '', describe(fault))));
    part('fault-count').textContent = faults.length ? String(faults.length) : '';
    part('fault-clear').hidden = !faults.length;
  }

  async function act(deed) {
    try {
      await deed();
      show(await get('/faults'));
      complaint.textContent = '';
    } catch (error) {
      complaint.textContent = error.message;
    }
  }

  const refresh = () => act(() => {});
  target.addEventListener('change', chooseTarget);
  kind.addEventListener('change', chooseKind);
  panel.addEventListener('toggle', refresh);
  part('fault-clear').addEventListener('click', () => act(() => remove('/faults')));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    // What is left empty is left out: the simulator knows what holds then, and what must not be missing.
    const fields = [...new FormData(form)].filter(([, value]) => value !== '');
    act(() => post('/faults', Object.fromEntries(fields)));
  });
  refresh();
  return { refresh };
}
