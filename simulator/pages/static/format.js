/** Numbers, times and statuses as people read them. */

/** What was typed, without the spaces and marks that people put into a number. */
export function compactNumber(text) {
  return text.replace(/[\s().\-\u2010-\u2015]/g, '');
}

function isE164(text) {
  return /^\+[1-9]\d{6,14}$/.test(text);
}

/** The address of a handset from what a person typed: a number, or a name, which is a browser client's; null if neither. */
export function addressOf(text) {
  const number = compactNumber(text);
  if (/^\+?\d/.test(number)) return isE164(number) ? number : null;
  const name = text.trim().replace(/^client:/i, '');
  return /^[\w.@+-]{1,121}$/.test(name) ? `client:${name}` : null;
}

/** "+15550001111" as "+1 555 000 1111", other countries in groups of three, "client:alice" as "alice". */
export function readableNumber(number) {
  if (number?.startsWith('client:')) return number.slice('client:'.length);
  if (!isE164(number ?? '')) return number ?? '';
  const northAmerican = number.match(/^\+1(\d{3})(\d{3})(\d{4})$/);
  if (northAmerican) return `+1 ${northAmerican.slice(1).join(' ')}`;
  return number.replace(/^(\+\d{2})(\d+)$/, (_, code, rest) => `${code} ${rest.replace(/(\d{3})(?=\d{2})/g, '$1 ')}`);
}

export function clockTime(iso, { seconds = false } = {}) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return '';
  return date.toLocaleTimeString([], {
    hour: '2-digit', minute: '2-digit', second: seconds ? '2-digit' : undefined, hourCycle: 'h23',
  });
}

/** Whole seconds as "01:05", or "1:02:05" from an hour on. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const pad = (value) => String(value).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const rest = `${pad(Math.floor(whole / 60) % 60)}:${pad(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

/** How a call ended, or how far it is. */
export function callStatus(status) {
  const words = { 'no-answer': 'no answer', 'in-progress': 'in progress' };
  return words[status] ?? status ?? '';
}
