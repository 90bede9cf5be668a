// The table of views: a line for each, beneath which its shards and what may be done to it can be opened.

import { Listing, attribute, byId, element, text } from "./dom.js";
import { Plot } from "./plot.js";
import { Track } from "./track.js";
import { ViewDetail } from "./view-detail.js";
import { count, duration, rate } from "./words.js";

export const LAG_LIMIT_S = 5;
export const HEARTBEAT_LIMIT_S = 10;
const SIGNS = { STALLED: "✕ ", FAILING: "✕ " };

/** The views by name, each with the `status` and the `track` of it. */
export class Views {
  #rows;
  #known = new Map();
  #workers = new Workers();

  constructor(actions) {
    const make = (status) => new Row(this.#known.get(status.view), this.#workers, actions);
    this.#rows = new Listing(byId("views-table"), make, byId("views-head"));
  }

  get all() {
    return [...this.#known.values()];
  }

  show(statuses) {
    this.#workers.see(statuses.flatMap((each) => each.owners));
    for (const status of statuses) this.#note(status);
    const present = new Set(statuses.map((each) => each.view));
    for (const name of this.#known.keys()) if (!present.has(name)) this.#known.delete(name);
    this.#rows.show(statuses, (each) => each.view);
  }

  /** Moves the plots on; `now` is by the database's clock. */
  draw(now) {
    for (const { status } of this.#known.values()) this.#rows.get(status.view)?.draw(now);
  }

  #note(status) {
    const known = this.#known.get(status.view) ?? { track: new Track() };
    const at = Date.parse(status.observedAt);
    known.status = status;
    known.heartbeatS = status.heartbeatAt ? Math.max(0, (at - Date.parse(status.heartbeatAt)) / 1000) : null;
    known.track.add(at, status.position, status.lagSeconds);
    this.#known.set(status.view, known);
  }
}

/** Letters for worker processes, and the legend that says which is which. */
class Workers {
  #letters = new Map();

  see(owners) {
    for (const owner of [...new Set(owners)].sort()) this.#letter(owner);
    for (const known of this.#letters.keys()) if (!owners.includes(known)) this.#letters.delete(known);
    const all = [...this.#letters].map(([owner, letter]) => `${letter} ${owner}`);
    text(byId("workers"), all.length ? `Workers: ${all.join(" · ")}` : "No worker projects anything now.");
  }

  of(owner) {
    return owner === null ? "–" : this.#letters.get(owner);
  }

  #letter(owner) {
    if (this.#letters.has(owner)) return;
    const taken = new Set(this.#letters.values());
    const free = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"].find((letter) => !taken.has(letter));
    this.#letters.set(owner, free ?? "…");
  }
}

class Row {
  node;
  #known;
  #workers;
  #plot = new Plot({ width: 160, height: 20, floor: 1, limit: LAG_LIMIT_S });
  #cells = {};
  #detail;
  #button;

  constructor(known, workers, actions) {
    this.#known = known;
    this.#workers = workers;
    const { view } = known.status;
    this.#detail = new ViewDetail(view, workers, actions);
    this.#button = element("button", {
      type: "button", class: "name", "aria-expanded": "false", "aria-controls": `detail-${view}`,
      click: () => this.#toggle(),
    }, view);
    const line = element("tr", { role: "row" }, element("th", { scope: "row", role: "rowheader" }, this.#button));
    for (const [name, title] of COLUMNS) line.append(this.#cell(name, title));
    this.#cells.plot.append(this.#plot.node);
    this.node = element("tbody", { role: "rowgroup" }, line, this.#detail.node);
    this.draw(Date.parse(known.status.observedAt));
  }

  update() {
    const { status, track, heartbeatS } = this.#known;
    const cells = this.#cells;
    const stale = heartbeatS === null || heartbeatS > HEARTBEAT_LIMIT_S;
    text(cells.state, `${SIGNS[status.state] ?? ""}${status.state.toLowerCase()}`);
    text(cells.lag, duration(status.lagSeconds));
    text(cells.position, count(status.position));
    text(cells.behind, status.eventsBehind ? `−${count(status.eventsBehind)}` : "–");
    text(cells.rate, rate(track.rate));
    text(cells.heartbeat, heartbeatS === null ? "never" : duration(heartbeatS));
    text(cells.generation, status.generation);
    text(cells.owners, status.leases.map((lease) => this.#workers.of(lease.owner)).join(" "));
    text(cells.parked, status.parked ? count(status.parked) : "–");
    mark(cells.state, status.state in SIGNS && "bad");
    mark(cells.lag, status.lagSeconds > LAG_LIMIT_S && "warn");
    mark(cells.heartbeat, stale && "bad");
    mark(cells.owners, status.leases.some((lease) => lease.owner === null) && "warn");
    mark(cells.parked, status.parked > 0 && "warn");
    this.#detail.update(status);
  }

  draw(now) {
    const { status, track } = this.#known;
    const highest = Math.max(0, ...track.lags.map((lag) => lag.value));
    const words = `Lag of ${status.view}: now ${duration(status.lagSeconds)}, at most ${duration(highest)} lately`;
    this.#plot.draw([...track.lags, { at: now, value: status.lagSeconds }], now, words);
  }

  #cell(name, title) {
    return (this.#cells[name] = element("td", { role: "cell", class: name, "data-title": title }));
  }

  #toggle() {
    attribute(this.#button, "aria-expanded", String(this.#detail.toggle()));
  }
}

const COLUMNS = [
  ["state", "State"], ["plot", "Lag, 5 min"], ["lag", "Lag"], ["position", "Position"], ["behind", "Behind"],
  ["rate", "Events/s"], ["heartbeat", "Heartbeat"], ["generation", "Gen."], ["owners", "Shards"], ["parked", "Parked"],
];

function mark(cell, wrong) {
  cell.classList.toggle("bad", wrong === "bad");
  cell.classList.toggle("warn", wrong === "warn");
}
