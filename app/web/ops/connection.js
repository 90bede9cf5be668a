// What the page follows and asks, over a websocket; where that does not come about, by asking again and again.

import { once } from "./documents.js";
import { Socket } from "./socket.js";

const REFUSED = 4403;
const PAUSES_MS = [500, 1000, 2000, 4000, 8000];
const POLL_MS = 2000;
const TRIES_BEFORE_POLLING = 2;
const NOT_LET_IN = new Set(["UNAUTHENTICATED", "FORBIDDEN"]);
const INVALID = { code: "INVALID_TOKEN", message: "The token is not valid, or it has run out." };

/**
 * Follows subscriptions through whatever happens to the connection. Its `state` is `connecting`, `live`, `polling`,
 * `lost` (`since` a moment) or `refused` (with the `refusal`); every change is told to `changed`.
 */
export class Connection {
  state = "connecting";
  since = null;
  refusal = null;
  trouble = null;
  #url;
  #documents;
  #authorization;
  #changed;
  #socket = null;
  #followed = new Map();
  #failures = 0;
  #number = 0;
  #timers = new Set();

  constructor({ url, documents, token, changed }) {
    this.#url = url;
    this.#documents = documents;
    this.#authorization = token ? { Authorization: `Bearer ${token}` } : {};
    this.#changed = changed;
  }

  open() {
    const address = Object.assign(new URL(this.#url), { protocol: this.#url.protocol.replace("http", "ws") });
    this.#socket = new Socket(address, this.#authorization, {
      acknowledged: () => this.#acknowledged(),
      answered: (id, result) => this.#answered(id, result),
      failed: (id, errors) => this.#failed(id, errors),
      completed: (id) => this.#followed.delete(id),
      closed: (code, acknowledged) => this.#lost(code, acknowledged),
    });
  }

  /** Follows a subscription until it completes, or the function that is returned is called. */
  follow(name, variables, told) {
    const id = String((this.#number += 1));
    this.#followed.set(id, { name, variables, told });
    if (this.state === "live") this.#subscribe(id);
    if (this.state === "polling") this.#poll(id);
    return () => this.#leave(id);
  }

  /** Asks once. Gives the data; raises an error with words for people. */
  async ask(name, variables = {}) {
    const { data, errors } = await this.#post(once(this.#documents.get(name)), variables);
    if (!errors) return data;
    this.#judge(errors);
    throw new Error(errors[0].message);
  }

  close() {
    this.#followed.clear();
    this.#timers.forEach(clearTimeout);
    this.#timers.clear();
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #become(state, more = {}) {
    Object.assign(this, { state, since: null, refusal: null, trouble: null }, more);
    this.#changed(this);
  }

  #acknowledged() {
    this.#failures = 0;
    this.#become("live");
    for (const id of this.#followed.keys()) this.#subscribe(id);
  }

  #subscribe(id) {
    const { name, variables } = this.#followed.get(id);
    this.#socket.subscribe(id, this.#documents.get(name), variables);
  }

  #answered(id, { data, errors }) {
    if (errors) return this.#judge(errors);
    if (this.trouble) this.#become(this.state, { since: this.since });
    this.#followed.get(id)?.told(data);
  }

  #failed(id, errors) {
    if (this.#judge(errors)) return;
    this.#later(() => this.state === "live" && this.#followed.has(id) && this.#subscribe(id), POLL_MS);
  }

  /** Whether these errors say that the asker is not let in; then all ends. */
  #judge([{ message, extensions }]) {
    const code = extensions?.code;
    if (!NOT_LET_IN.has(code)) {
      this.trouble = message;
      this.#changed(this);
      return false;
    }
    this.close();
    this.#become("refused", { refusal: { code, message } });
    return true;
  }

  #lost(code, acknowledged) {
    if (this.#socket === null) return;
    if (code === REFUSED) {
      this.close();
      this.#become("refused", { refusal: INVALID });
      return;
    }
    this.#failures = acknowledged ? 1 : this.#failures + 1;
    if (this.state !== "polling") this.#become("lost", { since: this.since ?? new Date() });
    if (this.#failures === TRIES_BEFORE_POLLING && !acknowledged) this.#fallBack();
    this.#later(() => this.open(), PAUSES_MS[Math.min(this.#failures, PAUSES_MS.length) - 1]);
  }

  /** Asks over HTTP as long as no websocket comes about, if the server answers there. */
  async #fallBack() {
    try {
      await this.#post("{ __typename }", {});
    } catch {
      this.#failures = 0;
      return;
    }
    if (this.state !== "lost") return;
    this.#become("polling");
    for (const id of this.#followed.keys()) this.#poll(id);
  }

  async #poll(id) {
    const followed = this.#followed.get(id);
    if (this.state !== "polling" || !followed) return;
    try {
      this.#answered(id, await this.#post(once(this.#documents.get(followed.name)), followed.variables));
    } catch {
      if (this.state === "polling") this.#become("lost", { since: new Date() });
      this.#failures = 0;
    }
    this.#later(() => this.#poll(id), POLL_MS);
  }

  #leave(id) {
    if (this.#followed.delete(id) && this.state === "live") this.#socket.complete(id);
  }

  async #post(query, variables) {
    const headers = { "Content-Type": "application/json", ...this.#authorization };
    const body = JSON.stringify({ query, variables });
    const answer = await fetch(this.#url, { method: "POST", headers, body });
    return await answer.json();
  }

  #later(work, milliseconds) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      work();
    }, milliseconds);
    this.#timers.add(timer);
  }
}
