// What operators have asked for lately, and what came of it.

import { Listing, byId, element, text } from "./dom.js";
import { moment, spoken } from "./words.js";

const AGAIN_MS = 5000;
const UNDER_WAY_MS = 1000;

export class Operations {
  #ask;
  #timer = null;
  #rows = new Listing(byId("operations-list"), () => new Request());

  constructor(ask) {
    this.#ask = ask;
  }

  /** Asks now, nothing older than the token's write, and then again and again. */
  async look(token = null) {
    clearTimeout(this.#timer);
    let under_way = false;
    try {
      const { operations } = await this.#ask("Operations", { token });
      under_way = operations.some((each) => each.outcome === null);
      this.#show(operations);
    } catch {
      // the connection's own state says so already; the next look comes by itself
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.look(), under_way ? UNDER_WAY_MS : AGAIN_MS);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#ask = () => new Promise(() => {});
  }

  #show(operations) {
    byId("operations-none").hidden = operations.length > 0;
    this.#rows.show(operations, (each) => each.commandId);
  }
}

class Request {
  #what = element("strong");
  #of = element("span");
  #facts = element("p", { class: "facts" });
  #outcome = element("p");
  node = element("li", {}, element("p", {}, this.#what, " ", this.#of), this.#facts, this.#outcome);

  update(operation) {
    const { requestedAt, kind, requestedBy, reason, outcome, failed } = operation;
    text(this.#what, what(kind));
    text(this.#of, of(operation));
    text(this.#facts, [`${moment(requestedAt)} by ${requestedBy}`, reason && `because: ${reason}`].filter(Boolean).join(" · "));
    text(this.#outcome, outcome ?? "not carried out yet");
    this.#outcome.classList.toggle("bad", failed);
  }
}

function what(kind) {
  return spoken(kind.replace(/Requested$/, ""));
}

function of({ consumer, aggregateId, position }) {
  return [consumer, aggregateId, position !== null && `position ${position}`].filter(Boolean).join(", ");
}
