// The last receipt of a mutation, and the consistency token that makes every later read wait for it.
const HEADER = "Consistency-Token";
const NOTHING = { token: null, aggregateId: null, version: null };
const listeners = new Set();
let current = NOTHING;

export function subscribe(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function last() {
  return current;
}

export function forget() {
  change(NOTHING);
}

/** `fetch` that sends the token which it was given last, unless the request names one itself. */
export async function consistentFetch(url, request) {
  const headers = new Headers(request.headers);
  if (current.token && !headers.has(HEADER)) {
    headers.set(HEADER, current.token);
  }
  const response = await fetch(url, { ...request, headers });
  const token = response.headers.get(HEADER);
  if (token) {
    change({ token, ...(await receiptIn(response.clone())) });
  }
  return response;
}

async function receiptIn(response) {
  const fields = Object.values((await response.json().catch(() => ({}))).data ?? {});
  const { aggregateId = null, version = null } = fields.findLast((field) => field?.aggregateId) ?? {};
  return { aggregateId, version };
}

function change(next) {
  current = next;
  listeners.forEach((listener) => listener());
}
