// What could not be applied: groups that failed alike, in them the aggregates, each with its event and the error.

import { Listing, attribute, byId, element, text } from "./dom.js";
import { counted, moment } from "./words.js";

const OPEN_GROUPS = 2; // more of them are lines to choose from
const keyOf = ({ consumer, exception, place }) => [consumer, exception, place].join("\n");

export class DeadLetters {
  /** Aggregates of which something is parked anywhere. */
  parked = 0;
  groups = 0;
  #groups;

  constructor(actions) {
    this.#groups = new Listing(byId("letters-groups"), () => new Group(actions, this.groups <= OPEN_GROUPS));
  }

  show(groups) {
    this.parked = new Set(groups.flatMap((group) => group.letters.map((letter) => letter.aggregateId))).size;
    this.groups = groups.length;
    text(byId("letters-count"), groups.length ? `${counted(this.parked, "aggregate")} in ${counted(groups.length, "group")}` : "");
    byId("letters-none").hidden = groups.length > 0;
    this.#groups.show(groups, keyOf);
  }
}

class Group {
  #title = element("strong");
  #about = element("span", { class: "about" });
  #retry;
  #letters;
  #consumer = "";

  constructor(actions, open) {
    this.#retry = element("button", { type: "button", click: () => actions.retry(this.#consumer) });
    const list = element("ul");
    this.#letters = new Listing(list, () => new Letter(actions, () => this.#consumer));
    const summary = element("summary", {}, this.#title, " ", this.#about);
    this.node = element("details", { class: "group", open }, summary, element("p", { class: "buttons" }, this.#retry), list);
  }

  update({ consumer, exception, place, aggregates, events, letters }) {
    this.#consumer = consumer;
    text(this.#title, `${consumer}: ${exception ?? "to be tried again"}`);
    text(this.#about, [counted(aggregates, "aggregate"), counted(events, "event"), place, letters[0]?.message].filter(Boolean).join(" · "));
    text(this.#retry, `Retry all of ${consumer}`);
    this.#letters.show(letters, (letter) => letter.aggregateId);
  }
}

class Letter {
  #letter = null;
  #title = element("strong");
  #facts = element("p", { class: "facts" });
  #error = element("pre", { class: "error" });
  #event = element("pre");
  #retry;
  #discard;
  #way = element("a", {}, "Show its way");

  constructor(actions, consumer) {
    this.#retry = element("button", { type: "button", click: () => actions.retry(consumer(), this.#letter.aggregateId) }, "Retry");
    this.#discard = element("button", { type: "button", click: () => actions.discard(consumer(), this.#letter) }, "Discard…");
    const buttons = element("p", { class: "buttons" }, this.#retry, this.#discard, this.#way);
    const event = element("details", {}, element("summary", {}, "Event"), this.#event);
    this.node = element("li", { class: "letter" }, element("p", {}, this.#title), this.#facts, this.#error, event, buttons);
  }

  update(letter) {
    this.#letter = letter;
    text(this.#title, `${letter.eventType} of ${letter.aggregateId}`);
    text(this.#facts, facts(letter));
    text(this.#error, letter.message ?? "");
    this.#error.hidden = letter.message === null;
    text(this.#event, JSON.stringify(letter.data, null, 2));
    text(this.#retry, letter.retrying ? "Retrying" : "Retry");
    this.#retry.disabled = letter.retrying;
    attribute(this.#retry, "aria-label", `Retry ${letter.aggregateId}`);
    attribute(this.#discard, "aria-label", `Discard ${letter.eventType} of ${letter.aggregateId}`);
    attribute(this.#way, "href", letter.commandId && `#command=${letter.commandId}`);
    this.#way.hidden = letter.commandId === null;
  }
}

function facts(letter) {
  const said = [
    `position ${letter.position}`,
    `version ${letter.version}`,
    letter.schemaVersion > 1 && `schema ${letter.schemaVersion}`,
    `recorded ${moment(letter.recordedAt)}`,
    `parked ${moment(letter.parkedAt)}`,
    letter.attempts > 0 && counted(letter.attempts, "attempt"),
    letter.waiting > 0 && `${counted(letter.waiting, "later event")} behind it`,
    letter.commandType && `from ${letter.commandType} by ${letter.actor ?? "nobody known"}`,
  ];
  return said.filter(Boolean).join(" · ");
}
