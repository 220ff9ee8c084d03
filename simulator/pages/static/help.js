/** The list of keys, by its button or by "?". */

import { isTyping } from './dom.js';

export function wireHelp() {
  const dialog = document.getElementById('help');
  document.getElementById('help-open').addEventListener('click', () => dialog.showModal());
  document.getElementById('help-close').addEventListener('click', () => dialog.close());
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  addEventListener('keydown', (event) => {
    if (event.key === '/' && !isTyping(event.target)) {
      const search = document.querySelector('[data-part="search"]');
      if (search.closest('[hidden]')) return;
      event.preventDefault();
      search.focus();
    }
    if (event.key === '?' && !isTyping(event.target) && !dialog.open) dialog.showModal();
  });
}
