/** Making and changing elements. All text is put in as text, never as HTML. */

/** An element with a class and children, which are nodes or texts. */
export function element(tag, className = '', ...children) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  node.append(...children);
  return node;
}

export function button(text, onClick, className = 'quiet small') {
  const node = element('button', className, text);
  node.type = 'button';
  node.addEventListener('click', onClick);
  return node;
}

/** A link to elsewhere, in a tab of its own; an address that no browser should follow stays a text. */
export function outsideLink(address, text, className = '') {
  // Another scheme than these (javascript:, data:) would run in this page.
  if (!/^https?:\/\//i.test(address)) return element('span', className, text);
  const link = element('a', className, text);
  link.href = address;
  link.target = '_blank';
  link.rel = 'noopener noreferrer';
  return link;
}

/** Writes only what differs: a live region reads every write aloud. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** The elements of a copy of a template by the names in `data-part`. */
export function partsOf(root) {
  return Object.fromEntries([...root.querySelectorAll('[data-part]')].map((node) => [node.dataset.part, node]));
}

export function copyOf(templateId) {
  return document.getElementById(templateId).content.firstElementChild.cloneNode(true);
}

export function isAtEnd(list) {
  return list.scrollHeight - list.scrollTop - list.clientHeight < 24;
}

/** Changes a list, and follows its end unless the reader has scrolled up. */
export function followingEnd(list, change) {
  const atEnd = isAtEnd(list);
  change();
  if (atEnd) list.scrollTop = list.scrollHeight;
}

/** True where the keys that are pressed are meant for a field. */
export function isTyping(target) {
  return target.closest?.('input, select, textarea, [contenteditable]') != null;
}
