// Asks before something is done that others will notice, and for the reason where one stays on record.

import { byId, text } from "./dom.js";

/** Resolves to the reason (an empty text where none was asked for), or to null where it was thought better of. */
export function confirm({ title, about, press, reason = false }) {
  const dialog = byId("confirm");
  const field = byId("confirm-reason");
  text(byId("confirm-title"), title);
  text(byId("confirm-about"), about);
  text(byId("confirm-yes"), press);
  byId("confirm-reason-part").hidden = !reason;
  field.value = "";
  complain(field, "");
  dialog.showModal();
  (reason ? field : byId("confirm-no")).focus();
  return new Promise((resolve) => listen(dialog, field, reason, resolve));
}

function listen(dialog, field, reason, resolve) {
  const ended = new AbortController();
  const end = (answer) => {
    ended.abort();
    dialog.close();
    resolve(answer);
  };
  const { signal } = ended;
  byId("confirm-no").addEventListener("click", () => end(null), { signal });
  dialog.addEventListener("cancel", (event) => (event.preventDefault(), end(null)), { signal });
  byId("confirm-form").addEventListener("submit", (event) => {
    event.preventDefault();
    if (!reason) return end("");
    if (field.value.trim()) return end(field.value.trim());
    complain(field, "Say why: the reason stays on record.");
    field.focus();
  }, { signal });
}

function complain(field, words) {
  field.setAttribute("aria-invalid", String(words !== ""));
  text(byId("confirm-complaint"), words);
}
