// Talks to the API of the same server.
const ROOT = "/api/v1/";
const PATIENCE_MS = 6000;
let token = null;

export class Refusal extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/** Remembers the token that changes must carry. */
export function useToken(given) {
  token = given;
}

/** Returns the answer to a request; throws Refusal with one clear line, or TypeError when nobody answers. */
export async function ask(path, { method = "GET", body, headers = {} } = {}) {
  const sent = { ...headers };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  if (method !== "GET" && token) sent["X-CSRF-Token"] = token;
  const answer = await fetch(ROOT + path, {
    method, headers: sent, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS),
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.ok || answer.status === 304) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Refusal(answer.status, told.detail ?? `the server answered ${answer.status}`);
}

/** Returns the answer as data. */
export async function read(path, options) {
  return (await ask(path, options)).json();
}

/** Returns the path of a situation, its id's own slashes kept. */
export function situationPath(id) {
  return "situations/" + id.split("/").map(encodeURIComponent).join("/");
}
