// What can be opened beneath a view: who projects each shard, what fails, and the buttons for its generations.

import { Listing, element, text } from "./dom.js";
import { count, moment } from "./words.js";

const AGAIN_MS = 2000;
const TITLES = ["Shard", "Position", "Owner", "Lease until", "Heartbeat", "Parked"];

export class ViewDetail {
  node;
  #view;
  #status = null;
  #error = element("p", { class: "bad", hidden: true });
  #shards;
  #generations = element("p", { class: "about" });
  #actions;
  #asked = 0;

  constructor(view, workers, actions) {
    this.#view = view;
    this.#actions = actions;
    const head = element("tr", {}, ...TITLES.map((title) => element("th", { scope: "col" }, title)));
    const body = element("tbody");
    this.#shards = new Listing(body, () => new Shard(workers));
    const caption = element("caption", {}, `Shards of ${view}`);
    const table = element("table", { class: "inner" }, caption, element("thead", {}, head), body);
    const cell = element("td", { colspan: "11", role: "cell" }, this.#error, table, this.#generations, buttons(view, actions));
    this.node = element("tr", { id: `detail-${view}`, class: "detail", role: "row", hidden: true }, cell);
  }

  /** Opens or closes it; says whether it is open now. */
  toggle() {
    this.node.hidden = !this.node.hidden;
    if (!this.node.hidden && this.#status) this.#show(this.#status);
    return !this.node.hidden;
  }

  update(status) {
    this.#status = status;
    if (!this.node.hidden) this.#show(status);
  }

  #show(status) {
    this.#error.hidden = status.error === null;
    text(this.#error, status.error ?? "");
    this.#shards.show(status.leases, (lease) => lease.shard);
    if (Date.now() - this.#asked > AGAIN_MS) this.#tell();
  }

  async #tell() {
    this.#asked = Date.now();
    const generations = await this.#actions.generations(this.#view);
    if (generations) text(this.#generations, `Generations: ${generations.map(said).join(" · ")}`);
  }
}

class Shard {
  node = element("tr");
  #cells = TITLES.map(() => element("td"));
  #workers;

  constructor(workers) {
    this.#workers = workers;
    this.node.append(...this.#cells);
  }

  update({ shard, position, owner, leaseUntil, heartbeatAt, parked }) {
    const who = owner === null ? "nobody" : `${this.#workers.of(owner)} ${owner}`;
    const until = leaseUntil && owner !== null ? moment(leaseUntil) : "–";
    const said = [shard, count(position), who, until, heartbeatAt ? moment(heartbeatAt) : "never", parked || "–"];
    said.forEach((words, place) => text(this.#cells[place], words));
  }
}

function said({ generation, state, activatedAt, supersededAt }) {
  const since = { LIVE: activatedAt, KEPT: supersededAt }[state];
  return `${generation} ${state.toLowerCase()}${since ? ` since ${moment(since)}` : ""}`;
}

function buttons(view, { rebuild, rollBack, prune }) {
  const button = (words, press) => element("button", { type: "button", click: () => press(view) }, words);
  const all = [button("Rebuild…", rebuild), button("Roll back…", rollBack), button("Prune…", prune)];
  return element("p", { class: "buttons", role: "group", "aria-label": `Generations of ${view}` }, ...all);
}
