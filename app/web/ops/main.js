// The operations page: one connection, and the panels that it feeds.

import { askForToken, forget, token } from "./access.js";
import { Actions } from "./actions.js";
import { Alarms } from "./alarms.js";
import { BACK_S, Commands } from "./commands.js";
import { Connection } from "./connection.js";
import { DeadLetters } from "./dead-letters.js";
import { load } from "./documents.js";
import { byId, text } from "./dom.js";
import { Operations } from "./operations.js";
import { Rebuilds } from "./rebuilds.js";
import { Search } from "./search.js";
import { Views } from "./views.js";
import { moment } from "./words.js";

const GRAPHQL = new URL("graphql", location);
const DRAW_MS = 1000;
const STATES = {
  connecting: () => "Connecting",
  live: () => "Live",
  polling: () => "Asking every 2 s: websockets do not work here",
  lost: ({ since }) => `Disconnected since ${moment(since)}; trying again`,
  refused: () => "Not let in",
};

const documents = await load();
const ask = (name, variables) => connection.ask(name, variables);
const actions = new Actions(ask, (writes) => operations.look(writes));
const views = new Views(actions);
const commands = new Commands();
const deadLetters = new DeadLetters(actions);
const rebuilds = new Rebuilds(views);
const alarms = new Alarms();
let offsetMs = 0; // of the database's clock from this machine's
let connection;
let operations;
let search;

function begin() {
  operations?.stop();
  connection = new Connection({ url: GRAPHQL, documents, token: token(), changed });
  operations = new Operations(ask);
  search = new Search(connection, views);
  connection.follow("Views", {}, ({ projectionStatus }) => showViews(projectionStatus));
  connection.follow("Commands", { seconds: BACK_S }, ({ commandActivity }) => commands.show(commandActivity));
  connection.follow("DeadLetters", {}, (data) => deadLetters.show(data.deadLetters));
  connection.follow("Rebuilds", {}, ({ rebuildProgress }) => rebuilds.show(rebuildProgress));
  connection.open();
  searched();
}

function changed({ state, since, refusal, trouble }) {
  const said = byId("connection");
  text(said, [STATES[state]({ since }), trouble].filter(Boolean).join(": "));
  said.className = state;
  document.body.classList.toggle("stale", state === "lost");
  byId("board").hidden = state === "refused";
  byId("forget").hidden = token() === null;
  if (state === "refused") {
    operations.stop();
    search.stop();
    askForToken(refusal, begin);
  }
  if (state === "live" || state === "polling") operations.look();
}

function showViews(statuses) {
  offsetMs = Date.parse(statuses[0].observedAt) - Date.now();
  views.show(statuses);
}

function draw() {
  const now = Date.now() + offsetMs;
  views.draw(now);
  commands.draw(now);
  rebuilds.draw();
  alarms.show(views, deadLetters, commands.lately(now));
  search?.draw(now);
}

function searched() {
  const id = /^#command=(.*)$/.exec(location.hash)?.[1] ?? "";
  if (id) byId("search-id").value = decodeURIComponent(id);
  search.look(decodeURIComponent(id));
}

byId("search-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const wanted = `#command=${encodeURIComponent(byId("search-id").value.trim())}`;
  if (location.hash === wanted) searched();
  else location.hash = wanted;
});
addEventListener("hashchange", () => {
  if (!location.hash.startsWith("#command=")) return;
  searched();
  byId("search").scrollIntoView();
});
byId("forget").addEventListener("click", () => {
  forget();
  connection.close();
  location.reload();
});
setInterval(draw, DRAW_MS);
begin();
