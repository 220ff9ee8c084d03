/** What a webhook's row shows when it is open. All of it comes from outside, and is put in as text, never as HTML. */

import { post } from './api.js';
import { curlCommand } from './curl.js';
import { button, element, outsideLink } from './dom.js';
import { drawXml, isXml } from './highlight.js';

const COPIED_FOR = 1500;

function section(title, ...content) {
  return element('section', '', element('h3', '', title), ...content);
}

function folded(title, count, content) {
  return element('details', 'folded', element('summary', '', `${title} (${count})`), content);
}

function pairTable(pairs, caption) {
  const rows = pairs.map(([name, value]) => {
    const cell = element('td', '', value);
    cell.dir = 'auto';
    const head = element('th', '', name);
    head.scope = 'row';
    return element('tr', '', head, cell);
  });
  return element('table', 'pairs', element('caption', 'unseen', caption), element('tbody', '', ...rows));
}

/** A table of the parameters that say something, and the names of the others: Twilio sends many an empty one. */
function drawParameters(pairs) {
  if (!pairs.length) return [element('p', 'soft', 'None.')];
  const blank = pairs.filter(([, value]) => value === '').map(([name]) => name);
  const nodes = [pairTable(pairs.filter(([, value]) => value !== ''), 'Parameters')];
  if (blank.length) nodes.push(element('p', 'soft', `Sent empty: ${blank.join(', ')}`));
  return nodes;
}

/** The parameters: of a request that was sent again by GET they are known from its address only. */
function parametersOf(entry) {
  if (entry.params?.length || entry.method !== 'GET') return entry.params ?? [];
  return [...new URLSearchParams(entry.url.split('?')[1] ?? '')];
}

function drawAlert({ code, text, level, advice }) {
  const name = element('strong', '', level === 'warning' ? 'Warning ' : 'Error ');
  const link = outsideLink(`https://www.twilio.com/docs/api/errors/${code}`, String(code));
  link.title = 'Twilio’s page on this error';
  const box = element('div', 'trouble', element('p', '', name, link, ' ', text));
  box.dataset.level = level;
  if (advice) box.append(element('p', 'advice', advice));
  return box;
}

/** Lets the arrow keys reach what does not fit. */
function scrollable(node, label) {
  node.tabIndex = 0;
  node.setAttribute('role', 'group');
  node.setAttribute('aria-label', label);
  return node;
}

function drawAnswer(entry, verbs) {
  if (!entry.body) return element('p', 'soft', entry.status ? 'Empty.' : 'None.');
  const code = element('code');
  if (isXml(entry.body)) drawXml(entry.body, code, verbs);
  else code.append(entry.body);
  return scrollable(element('pre', 'answer', code), 'Answer');
}

function copyButton(text, what) {
  const copy = button(what, async () => {
    try {
      await navigator.clipboard.writeText(text);
      copy.textContent = 'Copied';
    } catch {
      copy.textContent = 'The browser refused';
    }
    setTimeout(() => { copy.textContent = what; }, COPIED_FOR);
  });
  return copy;
}

function replayButton(entry, onError) {
  const replay = button('Replay', async () => {
    replay.disabled = true;
    try {
      await post(`/requests/${entry.id}/replay`);
      onError('');
    } catch (error) {
      onError(error.message);
    }
    replay.disabled = false;
  });
  replay.title = 'Send it again, newly signed; the answer is shown and not carried out';
  return replay;
}

/** The inside of an open row; `verbs` are those of its answer that are being carried out, `onOnly` shows one call's requests. */
export function drawDetail(entry, verbs, onOnly) {
  const complaint = element('p', 'error');
  complaint.setAttribute('role', 'alert');
  const curl = curlCommand(entry);
  const copy = curl ? copyButton(curl, 'Copy as curl') : button('Copy as curl', () => {});
  copy.disabled = !curl;
  const tools = element('div', 'tools', copy, replayButton(entry, (sentence) => { complaint.textContent = sentence; }));
  if (entry.body) tools.append(copyButton(entry.body, 'Copy answer'));
  if (entry.sid) tools.append(button(/^[SM]M/.test(entry.sid) ? 'Only this text' : 'Only this call', () => onOnly(entry.sid)));

  const sent = entry.request_headers ?? [];
  const came = entry.response_headers ?? [];
  const nodes = [
    element('p', 'address', element('b', '', entry.method), ' ', entry.url), tools, complaint,
    ...(entry.alerts ?? []).map(drawAlert),
    section('Answer', drawAnswer(entry, verbs)),
    section('Parameters', ...drawParameters(parametersOf(entry))),
  ];
  if (entry.replay_of) nodes.splice(1, 0, element('p', 'soft', `Sent again, as request ${entry.replay_of}. Nothing was carried out.`));
  if (sent.length) nodes.push(folded('Headers sent', sent.length, pairTable(sent, 'Headers sent')));
  if (came.length) nodes.push(folded('Headers of the answer', came.length, pairTable(came, 'Headers of the answer')));
  return nodes;
}
