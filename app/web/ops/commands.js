// Commands a second: all of them as a plot, and by type.

import { Listing, byId, element, text } from "./dom.js";
import { Outcomes } from "./outcomes.js";
import { Plot } from "./plot.js";
import { count, rate } from "./words.js";

export const BACK_S = 300;
const LATELY_S = 10;
const MINUTE_S = 60;
const MOST_TYPES = 8;

export class Commands {
  #seconds = new Map(); // by their beginning in milliseconds: commands by type
  #plot = new Plot({ width: 360, height: 72, floor: 1 });
  #outcomes = new Outcomes();
  #types = new Listing(byId("commands-body"), () => new Type());

  constructor() {
    byId("commands-plot").append(this.#plot.node);
    this.draw(Date.now());
  }

  /** What is told of a second replaces what was known of it. */
  show({ accepted, counted }) {
    this.#outcomes.show(counted);
    const told = new Map();
    for (const { at, type, commands } of accepted) {
      const second = Date.parse(at);
      told.set(second, { ...told.get(second), [type]: commands });
    }
    for (const [second, types] of told) this.#seconds.set(second, types);
  }

  /** Commands a second over the last whole seconds. */
  lately(now) {
    return this.#sum(now, LATELY_S) / LATELY_S;
  }

  draw(now) {
    this.#forget(now);
    const present = this.lately(now);
    const points = this.#points(now);
    const highest = Math.max(0, ...points.map((point) => point.value));
    text(byId("commands-rate"), rate(present));
    this.#plot.draw(points, now, `Commands accepted a second: now ${rate(present)}, at most ${highest} lately`);
    text(byId("commands-most"), `at most ${count(highest)}`);
    this.#types.show(this.#byType(now), (each) => each.type);
  }

  /** The present second is not over, so it says nothing yet. */
  #points(now) {
    const last = Math.floor(now / 1000) * 1000;
    const points = [];
    for (let at = last - BACK_S * 1000; at < last; at += 1000) {
      points.push({ at, value: total(this.#seconds.get(at)) });
    }
    return points;
  }

  #sum(now, seconds) {
    const last = Math.floor(now / 1000) * 1000;
    let sum = 0;
    for (let at = last - seconds * 1000; at < last; at += 1000) sum += total(this.#seconds.get(at));
    return sum;
  }

  #byType(now) {
    const sums = new Map();
    for (const [at, types] of this.#seconds) {
      for (const [type, commands] of Object.entries(types)) {
        const known = sums.get(type) ?? { type, minute: 0, all: 0 };
        known.all += commands;
        if (at >= now - MINUTE_S * 1000) known.minute += commands;
        sums.set(type, known);
      }
    }
    return [...sums.values()].sort((one, other) => other.all - one.all).slice(0, MOST_TYPES);
  }

  #forget(now) {
    for (const at of this.#seconds.keys()) if (at < now - BACK_S * 1000) this.#seconds.delete(at);
  }
}

class Type {
  node = element("tr");
  #cells = [element("th", { scope: "row" }), element("td"), element("td")];

  constructor() {
    this.node.append(...this.#cells);
  }

  update({ type, minute, all }) {
    const said = [type, rate(minute / MINUTE_S), count(all)];
    said.forEach((words, place) => text(this.#cells[place], words));
  }
}

function total(types = {}) {
  return Object.values(types).reduce((sum, commands) => sum + commands, 0);
}
