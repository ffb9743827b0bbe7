// SPDX-License-Identifier: BSD-2-Clause
// The server's JSON interface (api.yaml says what it is).

/** The server's clock less the browser's, in ms; learnt with each answer. */
export let skew = 0;

export class Refused extends Error {
  constructor(status, body) {
    super(body.error || `the server answered ${status}`);
    this.status = status;
    this.waitMs = body.wait_ms || 0;
  }
}

let loggedOut = () => {};
/** Who wants to know that the session has ended. */
export function onLoggedOut(callback) { loggedOut = callback; }

async function ask(path, options) {
  const sent = Date.now();
  const response = await fetch(path, options);
  const body = await response.json().catch(() => ({}));
  if (body.now_ms) skew = body.now_ms - (sent + Date.now()) / 2;
  if (response.status === 401 && path !== '/api/login') loggedOut();
  if (!response.ok) throw new Refused(response.status, body);
  return body;
}

export const get = (path) => ask(path);
export const post = (path, body) => ask(path, {
  method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
});

/** Bytes [from, to) of a recording; fewer at its end, none beyond. */
export async function bytes(path, from, to, signal) {
  const response = await fetch(path, { headers: { range: `bytes=${from}-${to - 1}` }, signal });
  if (response.status === 416) return new ArrayBuffer(0);
  if (response.status === 401) loggedOut();
  if (!response.ok) throw new Refused(response.status, {});
  return response.arrayBuffer();
}
