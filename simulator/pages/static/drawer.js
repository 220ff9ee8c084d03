/** The inspector beside the phones: open or not, as the browser remembers; over the page where there is no room beside. */

const KEY = 'inspector';
const WIDE = matchMedia('(min-width: 68rem)');

/** Wires the button of the bar; `open()` shows the inspector. */
export function wireDrawer() {
  const panel = document.getElementById('inspector');
  const toggle = document.getElementById('inspect');
  let wanted = localStorage.getItem(KEY) !== 'closed';

  function draw(open) {
    panel.hidden = !open;
    document.body.classList.toggle('inspecting', open);
    toggle.setAttribute('aria-expanded', String(open));
  }

  function set(open) {
    if (WIDE.matches) {
      wanted = open;
      localStorage.setItem(KEY, open ? 'open' : 'closed');
    }
    draw(open);
    if (!open) toggle.focus();
    else if (!WIDE.matches) panel.querySelector('h2').focus();
  }

  toggle.addEventListener('click', () => set(panel.hidden));
  panel.querySelector('[data-part="close-inspector"]').addEventListener('click', () => set(false));
  panel.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !WIDE.matches) set(false);
  });
  WIDE.addEventListener('change', () => draw(WIDE.matches && wanted));
  draw(WIDE.matches && wanted);
  return { open: () => set(true) };
}
