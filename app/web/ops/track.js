// What this page has seen of one view: where it stood, when, and how far behind it was.

const REMEMBERED_MS = 15 * 60_000;
const MOST_MOVES = 6000;
const RATE_MS = 5000;

/** Times are the database's, in milliseconds: events are recorded by the same clock. */
export class Track {
  lags = [];
  #moves = [];
  #looked = null;
  #recent = [];

  add(at, position, lag) {
    this.#move(at, position);
    this.#recent.push({ at, position });
    while (this.#recent.length > 2 && this.#recent[1].at < at - RATE_MS) this.#recent.shift();
    this.#lag(at, lag);
    this.#looked = at;
  }

  /** Positions a second, lately. */
  get rate() {
    if (this.#recent.length < 2) return 0;
    const [first, last] = [this.#recent[0], this.#recent.at(-1)];
    return Math.max(0, ((last.position - first.position) * 1000) / (last.at - first.at || 1));
  }

  /**
   * When the view passed a position: null if it has not; `{ until }` if it had before this page looked, or further back
   * than it remembers; else it was after `since` and not after `until`.
   */
  passed(position) {
    const last = this.#moves.at(-1);
    if (!last || last.position < position) return null;
    const first = this.#moves[0];
    if (first.position >= position) return { until: first.at };
    return this.#moves.find((move) => move.position >= position);
  }

  #move(at, position) {
    if (this.#moves.at(-1)?.position === position) return;
    this.#moves.push({ since: this.#looked, at, until: at, position });
    while (this.#moves.length > MOST_MOVES || this.#moves[0].at < at - REMEMBERED_MS) {
      if (this.#moves.length === 1) break;
      this.#moves.shift();
    }
  }

  /** The highest lag of each second. */
  #lag(at, value) {
    const second = Math.floor(at / 1000) * 1000;
    const last = this.lags.at(-1);
    if (last?.at === second) last.value = Math.max(last.value, value);
    else this.lags.push({ at: second, value });
    while (this.lags[0].at < second - REMEMBERED_MS) this.lags.shift();
  }
}
