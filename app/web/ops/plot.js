// A plot of the last minutes: a line over an area, which moves with the time.

import { attribute, drawn } from "./dom.js";

const WINDOW_MS = 5 * 60_000;

/** `floor` is the least value that the plot is high; what is beyond `limit` is drawn as something wrong. */
export class Plot {
  node;
  #width;
  #height;
  #floor;
  #limit;
  #area = drawn("path", { class: "area" });
  #line = drawn("path", { class: "line", "vector-effect": "non-scaling-stroke" });
  #bound = drawn("path", { class: "bound", "vector-effect": "non-scaling-stroke" });

  constructor({ width, height, floor, limit = Infinity }) {
    this.#width = width;
    this.#height = height;
    this.#floor = floor;
    this.#limit = limit;
    const box = { class: "plot", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" };
    this.node = drawn("svg", box, this.#area, this.#bound, this.#line);
  }

  /** Draws what was until `now`; `label` says the same in words. */
  draw(points, now, label) {
    const shown = points.filter((point) => point.at >= now - WINDOW_MS);
    const highest = Math.max(this.#floor, ...shown.map((point) => point.value));
    const place = ({ at, value }) => [this.#x(at, now), this.#y(value, highest)];
    const places = shown.map(place);
    const line = places.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
    attribute(this.#line, "d", line && `M${line}`);
    attribute(this.#area, "d", line && this.#closed(line, places));
    attribute(this.#bound, "d", highest > this.#limit ? `M0 ${this.#y(this.#limit, highest)}H${this.#width}` : "");
    this.node.classList.toggle("wrong", shown.some((point) => point.value > this.#limit));
    attribute(this.node, "aria-label", label);
  }

  #closed(line, places) {
    return `M${places[0][0].toFixed(1)} ${this.#height}L${line}L${places.at(-1)[0].toFixed(1)} ${this.#height}Z`;
  }

  #x(at, now) {
    return this.#width * (1 - (now - at) / WINDOW_MS);
  }

  #y(value, highest) {
    return this.#height - 1 - (value / highest) * (this.#height - 2);
  }
}
