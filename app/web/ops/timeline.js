// When each view had passed a command's last event, as far as this page has seen it.

import { Listing, attribute, byId, drawn, element, text } from "./dom.js";
import { brief, moment } from "./words.js";

const WIDTH = 400;
const LEAST_MS = 100;

export class Timeline {
  #views;
  #rows = new Listing(byId("way-views"), () => new Passage());

  constructor(views) {
    this.#views = views;
  }

  draw(command, now) {
    const { position, recordedAt } = command.events.at(-1);
    const start = Date.parse(recordedAt);
    const passages = this.#views.all.map(({ status, track }) => passage(status.view, track.passed(position), start, now));
    const end = Math.max(start + LEAST_MS, ...passages.map((each) => each.until));
    passages.sort((one, other) => one.until - other.until || one.view.localeCompare(other.view));
    this.#rows.show(passages.map((each) => ({ ...each, start, end })), (each) => each.view);
    text(byId("way-scale"), `from the last event to ${brief(end - start)} after it`);
  }
}

/** What is known of a view's passing: times are never invented. */
function passage(view, passed, start, now) {
  if (passed === null) return { view, kind: "not yet", since: start, until: now };
  if (passed.since === null || passed.since === undefined) return { view, kind: "earlier", since: start, until: start, before: passed.until };
  return { view, kind: "seen", since: Math.max(start, passed.since), until: Math.max(start, passed.until) };
}

class Passage {
  node = element("tr");
  #name = element("th", { scope: "row" });
  #when = element("td");
  #bar = drawn("rect", { y: 3, height: 8, rx: 2 });

  constructor() {
    const box = { class: "bar", viewBox: `0 0 ${WIDTH} 14`, preserveAspectRatio: "none", "aria-hidden": "true" };
    this.node.append(this.#name, this.#when, element("td", {}, drawn("svg", box, this.#bar)));
  }

  update(passage) {
    const { view, kind, since, until, start, end } = passage;
    text(this.#name, view);
    text(this.#when, words(passage));
    attribute(this.node, "class", kind.replace(" ", "-"));
    const scale = WIDTH / (end - start);
    attribute(this.#bar, "x", kind === "earlier" ? 0 : ((since - start) * scale).toFixed(1));
    attribute(this.#bar, "width", kind === "earlier" ? 0 : Math.max(2, (until - since) * scale).toFixed(1));
  }
}

function words({ kind, since, until, before, start }) {
  if (kind === "not yet") return `not yet, after ${brief(Math.max(0, until - start))}`;
  if (kind === "earlier") return `before this page looked, at ${moment(before)}`;
  return since > start ? `${brief(since - start)} to ${brief(until - start)}` : `within ${brief(until - start)}`;
}
