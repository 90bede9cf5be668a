// A command by its id: what it was, what it led to, and its way through the views.

import { Listing, attribute, byId, element, text } from "./dom.js";
import { Timeline } from "./timeline.js";
import { exactly } from "./words.js";

const ID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const AGAIN_MS = 3000; // a policy may still send something because of it
const STATES = {
  UNKNOWN: "No such command was accepted, or no view shows it yet. A refused one leaves no trace.",
  ACCEPTED: "Accepted; some views do not show it yet.",
  DONE: "Done: every view shows it.",
};

export class Search {
  #connection;
  #leave = () => {};
  #timer = null;
  #command = null;
  #timeline;
  #events = new Listing(byId("way-events"), () => new Line(eventLine));
  #caused = new Listing(byId("way-caused"), () => new Line(causedLine));

  /** `views` are what the page knows of them. */
  constructor(connection, views) {
    this.#connection = connection;
    this.#timeline = new Timeline(views);
  }

  /** Follows the command of this id; says what is wrong with it where it is none. */
  look(id) {
    this.stop();
    const wanted = id.trim();
    const wrong = wanted === "" ? "" : ID.test(wanted) ? "" : "That is not a command id: 32 hexadecimal digits in five groups.";
    text(byId("search-complaint"), wrong);
    byId("search-id").setAttribute("aria-invalid", String(wrong !== ""));
    byId("way").hidden = true;
    if (wrong || wanted === "") return;
    this.#leave = this.#connection.follow("Command", { id: wanted }, ({ commandStatus }) => this.#show(commandStatus));
  }

  /** Moves the time line on. */
  draw(now) {
    if (this.#command?.events.length) this.#timeline.draw(this.#command, now);
  }

  stop() {
    this.#leave();
    this.#leave = () => {};
    clearTimeout(this.#timer);
    this.#command = null;
  }

  #show(command) {
    this.#command = command;
    byId("way").hidden = false;
    byId("way-known").hidden = command.state === "UNKNOWN";
    text(byId("way-state"), STATES[command.state]);
    if (command.state === "UNKNOWN") return;
    this.#facts(command);
    this.#events.show(command.events, (event) => event.position);
    this.#caused.show(command.caused, (each) => each.commandId);
    byId("way-caused-none").hidden = command.caused.length > 0;
    if (command.state === "DONE") this.#again(command.commandId);
  }

  #facts({ type, aggregateId, version, actor, correlationId, causedBy, acceptedAt }) {
    text(byId("way-type"), type);
    text(byId("way-aggregate"), `${aggregateId}, version ${version}`);
    text(byId("way-actor"), actor);
    text(byId("way-accepted"), exactly(acceptedAt));
    text(byId("way-correlation"), correlationId ?? "–");
    const cause = byId("way-cause");
    text(cause, causedBy ?? "none: somebody sent it");
    attribute(cause, "href", causedBy && `#command=${causedBy}`);
  }

  #again(id) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(async () => {
      try {
        const { commandStatus } = await this.#connection.ask("Command", { id });
        if (this.#command?.commandId === id) this.#show(commandStatus);
      } catch {
        if (this.#command?.commandId === id) this.#again(id);
      }
    }, AGAIN_MS);
  }
}

class Line {
  node = element("li");
  #fill;

  constructor(fill) {
    this.#fill = fill;
  }

  update(item) {
    if (this.node.childNodes.length === 0) this.node.append(...this.#fill(item));
  }
}

function eventLine({ type, version, position, recordedAt }) {
  return [element("time", {}, exactly(recordedAt)), ` ${type}, version ${version}, position ${position}`];
}

function causedLine({ commandId, type, actor, aggregateId, acceptedAt }) {
  const link = element("a", { href: `#command=${commandId}` }, type);
  return [element("time", {}, exactly(acceptedAt)), " ", link, ` by ${actor}, to ${aggregateId}`];
}
