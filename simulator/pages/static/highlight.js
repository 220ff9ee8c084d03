/** XML in colours: cut into tokens by hand and put in as text, so that nothing in it can run. */

import { element } from './dom.js';

// No alternative can match what another one has begun with, and none is tried twice: 64 kB of anything take one pass.
const TOKEN = new RegExp([
  '<!--[^]*?(?:-->|$)', '<!\\[CDATA\\[[^]*?(?:\\]\\]>|$)', '<[?!][^>]*>?',
  '<\\/?[\\w:.-]+(?:"[^"<]*"|\'[^\'<]*\'|[^"\'<>])*>?', '[^<]+', '<',
].join('|'), 'g');
const TAG = /^<\/?[\w:.-]+/;
const ATTRIBUTE = /(?<=[\s"'])([\w:.-]+)(\s*=\s*)("[^"]*"|'[^']*')/g;
const INDENT = '  ';
const DEEPEST = 50; // what is nested deeper is not laid out, only coloured

function span(kind, text) {
  return element('span', `x-${kind}`, text);
}

function drawTag(text, into) {
  const name = text.match(TAG)[0];
  into.append(span('tag', name));
  let at = name.length;
  for (const match of text.matchAll(ATTRIBUTE)) {
    if (match.index < at) continue;
    into.append(text.slice(at, match.index), span('name', match[1]), match[2], span('value', match[3]));
    at = match.index + match[0].length;
  }
  const end = text.match(/\/?>?$/)[0];
  into.append(text.slice(at, text.length - end.length), span('tag', end));
}

function drawToken(text, into) {
  if (TAG.test(text)) drawTag(text, into);
  else into.append(/^<(!--|[?]|![^[])/.test(text) ? span('comment', text) : text);
}

/** The tokens as a tree, or null where the tags do not match or go too deep. */
function treeOf(tokens) {
  const root = { children: [] };
  const open = [root];
  for (const text of tokens) {
    const here = open.at(-1);
    const name = text.match(TAG)?.[0].replace(/^<\/?/, '');
    if (!name) {
      here.children.push({ text });
    } else if (text.startsWith('</')) {
      if (here.name !== name) return null;
      here.end = text;
      open.pop();
    } else {
      const node = { tag: text, name, children: [] };
      here.children.push(node);
      if (!text.endsWith('/>')) open.push(node);
      if (open.length > DEEPEST) return null;
    }
  }
  return open.length === 1 ? root : null;
}

function meaningful(node) {
  return node.children.filter((child) => child.tag || child.text.trim());
}

/** True where spaces between the parts mean nothing: only elements and remarks inside. */
function holdsElements(node) {
  const inside = meaningful(node);
  return inside.some((child) => child.tag) && inside.every((child) => child.tag || child.text.startsWith('<'));
}

function drawNode(node, depth, into, current) {
  if (node.text !== undefined) return drawToken(node.text, into);
  drawTag(node.tag, into);
  if (holdsElements(node)) {
    for (const child of meaningful(node)) {
      into.append(`\n${INDENT.repeat(depth + 1)}`);
      drawMarked(child, depth + 1, into, current);
    }
    into.append(`\n${INDENT.repeat(depth)}`);
  } else {
    for (const child of node.children) drawNode(child, depth + 1, into, current);
  }
  if (node.end) drawTag(node.end, into);
  return undefined;
}

function drawMarked(node, depth, into, current) {
  if (!current.has(node)) return drawNode(node, depth, into, current);
  const mark = element('mark', 'now');
  mark.title = 'Being carried out now';
  into.append(mark);
  return drawNode(node, depth, mark, current);
}

/** Which child of the document a verb is: by its place, or else by its name. */
function findVerb(document, verb) {
  const verbs = document?.children.filter((child) => child.tag) ?? [];
  return verbs[verb.index]?.name === verb.name ? verbs[verb.index] : verbs.find((child) => child.name === verb.name);
}

/** Draws XML into a node, laid out and coloured; the verbs that are being carried out, as {name, index}, are marked. */
export function drawXml(text, into, verbs = []) {
  const tokens = text.match(TOKEN) ?? [];
  const tree = treeOf(tokens);
  if (!tree) return tokens.forEach((token) => drawToken(token, into));
  const top = meaningful(tree);
  const current = new Set(verbs.map((verb) => findVerb(top.find((child) => child.tag), verb)));
  return top.forEach((child, index) => {
    into.append(index ? '\n' : '');
    drawNode(child, 0, into, current);
  });
}

export function isXml(text) {
  return /^\s*</.test(text);
}
