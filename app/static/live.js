// Keeps each element with data-live up to date with the same element of the page at that address.

const PERIOD = 2000; // milliseconds

async function refresh(element) {
  if (document.hidden) return;
  const response = await fetch(element.dataset.live, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const newer = page.getElementById(element.id);
  if (newer && newer.innerHTML !== element.innerHTML) element.replaceChildren(...newer.childNodes);
}

for (const element of document.querySelectorAll("[data-live]")) {
  if (element.dataset.address) history.replaceState(null, "", element.dataset.live);
  setInterval(() => refresh(element).catch(() => {}), PERIOD); // the next one tries again
}

const dark = matchMedia("(prefers-color-scheme: dark)");
const paint = () => (document.documentElement.dataset.bsTheme = dark.matches ? "dark" : "light");
dark.addEventListener("change", paint);
paint();
