/** The faults that are still to happen: listed, asked for, forgotten. Which kinds there are the simulator says. */

import { get, post, remove } from './api.js';
import { element } from './dom.js';

function describe({ target, kind, match, count, seconds }) {
  const times = count === 1 ? 'once' : `${count} times`;
  const where = match ? ` where the address holds “${match}”` : '';
  return `${target}: ${kind}${seconds ? ` ${seconds} s` : ''}, ${times}${where}`;
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
  const chooseKinds = () => kind.replaceChildren(...options(kinds[target.value] ?? []));

  function show(answer) {
    if (JSON.stringify(kinds) !== JSON.stringify(answer.kinds)) {
      kinds = answer.kinds;
      target.replaceChildren(...options(Object.keys(kinds)));
      chooseKinds();
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
  target.addEventListener('change', chooseKinds);
  panel.addEventListener('toggle', refresh);
  part('fault-clear').addEventListener('click', () => act(() => remove('/faults')));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const { match, count, seconds } = form.elements;
    const fault = { target: target.value, kind: kind.value, count: count.value || 1, seconds: seconds.value || 0 };
    if (match.value) fault.match = match.value;
    act(() => post('/faults', fault));
  });
  refresh();
  return { refresh };
}
