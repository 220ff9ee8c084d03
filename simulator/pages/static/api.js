/** Requests to the simulator: JSON in, JSON out, and one kind of error. */

/** A refusal in the simulator's words, or a sentence of ours where it had none. */
class ApiError extends Error {
  constructor(message, code) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
  }
}

async function request(path, options = {}) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new ApiError('The simulator does not answer. Is it still running?', 'unreachable');
  }
  const body = await response.json().catch(() => null);
  if (!response.ok) {
    const { message, code } = body?.error ?? {};
    throw new ApiError(message || `The simulator refused this (HTTP ${response.status}).`, code ?? response.status);
  }
  return body;
}

export function get(path) {
  // Stored, the JSON of /requests would be shown in place of the page when a person comes back to it.
  return request(path, { headers: { Accept: 'application/json' }, cache: 'no-store' });
}

export function post(path, body = {}) {
  return request(path, {
    method: 'POST',
    headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
}

export function remove(path) {
  return request(path, { method: 'DELETE' });
}

/** The path of one phone; its "+" must not arrive as a space. */
export function phonePath(number, action = '') {
  const path = `/phones/${encodeURIComponent(number)}`;
  return action ? `${path}/${action}` : path;
}
