// What operators may ask for: confirmed, sent as a command, and told of until a worker has carried it out.

import { confirm } from "./dialog.js";
import { byId, text } from "./dom.js";

const SHOWN_MS = 10_000;
const QUESTIONS = {
  Rebuild: {
    title: (view) => `Rebuild ${view}?`,
    about: "A new generation is filled from the log beside the one that serves, and switched to once it is there. Reads go on throughout.",
    press: "Rebuild",
  },
  RollBack: {
    title: (view) => `Roll ${view} back?`,
    about: "The generation that served before serves again, as soon as it has caught up.",
    press: "Roll back",
  },
  Prune: {
    title: (view) => `Prune ${view}?`,
    about: "The generations that have been kept for a minute or more are dropped. There is no rolling back to them afterwards.",
    press: "Prune",
  },
};

export class Actions {
  #ask;
  #asked;

  /** `ask` sends a mutation; `asked` is told the token of each that was accepted. */
  constructor(ask, asked) {
    this.#ask = ask;
    this.#asked = asked;
  }

  rebuild = (view) => this.#generation("Rebuild", view);
  rollBack = (view) => this.#generation("RollBack", view);
  prune = (view) => this.#generation("Prune", view);

  /** The generations that there are of a view; null where they cannot be had now. */
  async generations(view) {
    try {
      const { projectionStatus } = await this.#ask("Generations", { view });
      return projectionStatus[0].generations;
    } catch {
      return null;
    }
  }

  /** Tries what is parked of an aggregate again, or all that the consumer has parked. */
  retry(consumer, aggregateId = null) {
    return this.#send("Retry", { consumer, aggregateId }, `Retry of ${aggregateId ?? "all that is parked"} in ${consumer}`);
  }

  async discard(consumer, { position, eventType, aggregateId }) {
    const reason = await confirm({
      title: `Discard ${eventType}?`,
      about: `${consumer} will do without the event at position ${position} of ${aggregateId} for ever; what is parked behind it is applied.`,
      press: "Discard",
      reason: true,
    });
    if (reason === null) return;
    await this.#send("Discard", { consumer, position, reason }, `Discarding position ${position} in ${consumer}`);
  }

  async #generation(name, view) {
    const { title, about, press } = QUESTIONS[name];
    if ((await confirm({ title: title(view), about, press })) === null) return;
    await this.#send(name, { view }, `${press} ${view}`);
  }

  async #send(name, input, what) {
    tell(`${what}: sending`);
    try {
      const [result] = Object.values(await this.#ask(name, { input }));
      if (result.__typename !== "CommandAccepted") return tell(`${what}: ${result.message ?? "somebody else was first"}`, true);
      tell(`${what}: asked for`);
      this.#asked(result.token);
    } catch (error) {
      tell(`${what}: ${error.message}`, true);
    }
  }
}

let hiding = null;

/** What went wrong stays until something else is told. */
function tell(words, wrong = false) {
  const notice = byId("notice");
  clearTimeout(hiding);
  notice.hidden = false;
  if (!wrong) hiding = setTimeout(() => (notice.hidden = true), SHOWN_MS);
  notice.classList.toggle("bad", wrong);
  text(notice, words);
}
