// Commands that were not accepted, as the process counts them that this page is connected to.

import { Listing, byId, element, text } from "./dom.js";
import { count, moment } from "./words.js";

const MINUTE_MS = 60_000;
const OURS = new Set(["failed", "busy"]); // no fault of who sent the command

export class Outcomes {
  #process = null;
  #before = []; // what was counted lately, with the time of this machine
  #rows = new Listing(byId("outcomes-body"), () => new Row());

  show(counted) {
    if (counted === null) return text(byId("outcomes-of"), "The API process that answers takes no commands.");
    const { process, since, outcomes } = counted;
    if (process !== this.#process) this.#before = [];
    this.#process = process;
    const turnedDown = outcomes.filter((each) => each.outcome !== "accepted");
    const minuteAgo = this.#minuteAgo(new Map(turnedDown.map((each) => [keyOf(each), each.commands])));
    this.#rows.show(turnedDown.map((each) => lately(each, minuteAgo)), keyOf);
    byId("outcomes-none").hidden = turnedDown.length > 0;
    byId("outcomes-table").hidden = turnedDown.length === 0;
    text(byId("outcomes-of"), `Counted by the API process ${process} alone, since ${moment(since)}.`);
  }

  /** What was counted a minute ago, or when this page began to look. */
  #minuteAgo(counts) {
    const now = Date.now();
    this.#before.push({ now, counts });
    while (this.#before[0].now < now - MINUTE_MS) this.#before.shift();
    return this.#before[0].counts;
  }
}

class Row {
  node = element("tr");
  #cells = [element("th", { scope: "row" }), element("td"), element("td"), element("td")];

  constructor() {
    this.node.append(...this.#cells);
  }

  update({ type, outcome, code, commands, minute }) {
    const said = [type, code ? `${outcome}: ${code}` : outcome, count(minute), count(commands)];
    said.forEach((words, place) => text(this.#cells[place], words));
    this.node.classList.toggle("bad", OURS.has(outcome) && minute > 0);
  }
}

function keyOf({ type, outcome, code }) {
  return [type, outcome, code].join(" ");
}

function lately(outcome, minuteAgo) {
  return { ...outcome, minute: outcome.commands - (minuteAgo.get(keyOf(outcome)) ?? 0) };
}
