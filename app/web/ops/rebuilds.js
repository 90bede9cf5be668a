// Generations that are being filled: how far each is, how fast, and how long it will take.

import { Listing, attribute, byId, element, text } from "./dom.js";
import { count, duration, rate } from "./words.js";

const REMEMBERED_MS = 60_000;
const STATES = { BUILDING: "being filled", READY: "filled, to be switched to", LIVE: "is live", GONE: "is not live any more" };

export class Rebuilds {
  #list = new Listing(byId("rebuilds-list"), () => new Rebuild());
  #present = new Map();
  #known = new Map();
  #generations = new Map();
  #views;

  /** `views` are what the page knows of them. */
  constructor(views) {
    this.#views = views;
  }

  /** `progress` is that of all that are under way now. */
  show(progress) {
    this.#present = new Map(progress.map((each) => [keyOf(each), each]));
    this.draw();
  }

  /** One that is not under way any more is shown for a minute, with what became of it. */
  draw() {
    const now = Date.now();
    this.#noteSwitches(now);
    for (const [key, each] of this.#present) this.#known.set(key, { ...each, seen: now });
    for (const [key, each] of this.#known) {
      if (each.seen < now - REMEMBERED_MS) this.#known.delete(key);
      else if (!this.#present.has(key)) this.#known.set(key, { ...each, state: this.#ended(each) });
    }
    byId("rebuilds-none").hidden = this.#known.size > 0;
    this.#list.show([...this.#known.values()], keyOf);
  }

  /** A small log is rebuilt between two looks; what was switched to, or back to, is shown all the same. */
  #noteSwitches(now) {
    for (const { status } of this.#views.all) {
      const { view, generation, position } = status;
      const before = this.#generations.get(view);
      this.#generations.set(view, generation);
      if (before === undefined || before === generation || this.#known.has(keyOf(status))) continue;
      this.#known.set(keyOf(status), { view, generation, done: position, total: position, error: null, seen: now });
    }
  }

  #ended({ view, generation }) {
    const known = this.#views.all.find(({ status }) => status.view === view);
    return known?.status.generation === generation ? "LIVE" : "GONE";
  }
}

class Rebuild {
  #title = element("strong");
  #state = element("span", { class: "about" });
  #bar = element("progress", { max: 1 });
  #figures = element("p", { class: "about" });
  #error = element("p", { class: "bad", hidden: true });
  node = element("li", {}, element("p", {}, this.#title, " ", this.#state), this.#bar, this.#figures, this.#error);

  update(progress) {
    const { view, generation, state, done, total, error, onlyChecked } = progress;
    text(this.#title, `${view}, generation ${generation}`);
    text(this.#state, state === "READY" && onlyChecked ? "compared, and kept beside" : STATES[state]);
    attribute(this.#bar, "aria-label", `Rebuild of ${view}`);
    this.#bar.value = total > 0 && state !== "LIVE" ? Math.min(1, done / total) : 1;
    text(this.#figures, figures(progress));
    const wrong = error ?? differing(progress);
    this.#error.hidden = wrong === null;
    text(this.#error, wrong ?? "");
  }
}

function keyOf({ view, generation }) {
  return `${view} ${generation}`;
}

function differing({ comparison }) {
  if (!comparison?.different) return null;
  return `${count(comparison.different)} of ${count(comparison.rows)} rows differ from those of the live generation`;
}

function figures({ done, total, perSecond, secondsLeft, attended, state }) {
  const said = [`${count(done)} of ${count(total)} events`];
  if (state === "BUILDING" && perSecond > 0) said.push(`${rate(perSecond)} a second`);
  if (state === "BUILDING" && secondsLeft !== null) said.push(`${duration(secondsLeft)} left`);
  if (state === "BUILDING" && !attended) said.push("no worker is at it");
  return said.join(" · ");
}
