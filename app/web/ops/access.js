// Who is in front of the page: a bearer token, kept for as long as the tab is open.

import { byId, text } from "./dom.js";

const KEPT = "counterfoil.ops.token";
const REASONS = {
  UNAUTHENTICATED: "This installation wants to know who asks. Paste an operator's or administrator's token.",
  INVALID_TOKEN: "This token was refused: it is not valid, or it has run out.",
  FORBIDDEN: "This token was accepted, but its role may not see this: it must be an operator's or an administrator's.",
};

export function token() {
  return sessionStorage.getItem(KEPT);
}

export function forget() {
  sessionStorage.removeItem(KEPT);
}

/** Asks for a token and says why; `given` is called once there is one. */
export function askForToken({ code }, given) {
  const form = byId("access-form");
  const field = byId("access-token");
  const had = token() !== null;
  byId("access").hidden = false;
  text(byId("access-reason"), REASONS[code === "UNAUTHENTICATED" && had ? "INVALID_TOKEN" : code]);
  byId("access-reason").classList.toggle("bad", had);
  field.value = "";
  field.focus();
  form.onsubmit = (event) => {
    event.preventDefault();
    const value = field.value.trim().replace(/^Bearer\s+/i, "");
    if (value === "") return field.focus();
    sessionStorage.setItem(KEPT, value);
    byId("access").hidden = true;
    given();
  };
}
