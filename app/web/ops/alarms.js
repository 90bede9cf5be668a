// What is wrong now, in one line on top: nothing there means that nothing is.

import { Listing, byId, element, text } from "./dom.js";
import { HEARTBEAT_LIMIT_S, LAG_LIMIT_S } from "./views.js";
import { count, counted, duration, rate } from "./words.js";

export class Alarms {
  #list = new Listing(byId("alarms"), () => new Alarm());

  show(views, deadLetters, perSecond) {
    const found = [...views.all.flatMap(({ status, heartbeatS }) => wrongWith(status, heartbeatS)), ...parked(deadLetters)];
    this.#list.show(found, (each) => each.key);
    byId("all-well").hidden = found.length > 0 || views.all.length === 0;
    text(byId("all-well"), `All ${views.all.length} views are up to date`);
    document.title = found.length ? `(${found.length}) Operations · Counterfoil` : "Operations · Counterfoil";
    vitals(views, deadLetters, perSecond);
  }
}

class Alarm {
  #link = element("a");
  node = element("li", {}, this.#link);

  update({ words, at, severity }) {
    text(this.#link, words);
    this.#link.setAttribute("href", at);
    this.node.className = severity;
  }
}

/** A lag that grows is one alarm: its words say how bad, not how many tenths of a second. */
function wrongWith({ view, state, lagSeconds }, heartbeatS) {
  const told = (severity, words) => [{ key: `${view} ${state}`, at: "#views", severity, words: `${view} ${words}` }];
  if (state === "FAILING") return told("bad", "fails");
  if (heartbeatS === null) return told("bad", "was never projected");
  if (state === "STALLED" || heartbeatS > HEARTBEAT_LIMIT_S) return told("bad", "has no heartbeat");
  return lagSeconds > LAG_LIMIT_S ? told("warn", `lags by more than ${LAG_LIMIT_S} s`) : [];
}

function parked({ parked: aggregates, groups }) {
  if (groups === 0) return [];
  const words = `${counted(aggregates, "aggregate")} parked, in ${counted(groups, "group")}`;
  return [{ key: "parked", at: "#letters", severity: "warn", words }];
}

function vitals(views, deadLetters, perSecond) {
  const statuses = views.all.map((each) => each.status);
  text(byId("vital-head"), count(Math.max(0, ...statuses.map((each) => each.head))));
  text(byId("vital-lag"), duration(Math.max(0, ...statuses.map((each) => each.lagSeconds))));
  text(byId("vital-commands"), rate(perSecond));
  text(byId("vital-parked"), count(deadLetters.parked));
  text(byId("vital-workers"), new Set(statuses.flatMap((each) => each.owners)).size);
}
