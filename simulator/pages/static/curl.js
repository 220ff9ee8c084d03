/** A request as a command for the shell that sends the very same bytes. */

const OWN = new Set(['host', 'content-length']); // which curl writes by itself

function quote(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Without its user and password, which went into a header where they were asked for. */
function bare(url) {
  return url.replace(/^(https?:\/\/)[^/?#]*@/i, '$1');
}

/** The command, or null for a request that was never sent. */
export function curlCommand(entry) {
  const headers = entry.request_headers ?? [];
  if (!headers.length) return null;
  const parts = ['curl --globoff --path-as-is', quote(bare(entry.url))];
  for (const [name, value] of headers) {
    if (!OWN.has(name.toLowerCase())) parts.push(`-H ${quote(value ? `${name}: ${value}` : `${name};`)}`);
  }
  if (entry.method === 'POST') parts.push(`--data-raw ${quote(entry.content ?? '')}`);
  return parts.join(' \\\n  ');
}
