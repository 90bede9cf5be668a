// Figures and moments as people read them.

const whole = new Intl.NumberFormat("en-GB");
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

export function count(number) {
  return whole.format(number);
}

/** `3 events`, `1 event`. */
export function counted(number, name) {
  return `${count(number)} ${name}${number === 1 ? "" : "s"}`;
}

/** A rate, with a decimal where it is small. */
export function rate(perSecond) {
  if (perSecond > 0 && perSecond < 0.05) return "< 0.1";
  return perSecond >= 10 || perSecond === 0 ? count(Math.round(perSecond)) : perSecond.toFixed(1);
}

/** A length of time, given in seconds. */
export function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} d`;
}

/** A length of time, given in milliseconds. */
export function brief(milliseconds) {
  return milliseconds < 10_000 ? `${count(Math.round(milliseconds))} ms` : duration(milliseconds / 1000);
}

/** A time of day, with its date where it is not today's. */
export function moment(text) {
  const at = new Date(text);
  const today = at.toDateString() === new Date().toDateString();
  return today ? clock.format(at) : `${day.format(at)} ${clock.format(at)}`;
}

/** The same to the millisecond. */
export function exactly(text) {
  return `${moment(text)}.${String(new Date(text).getMilliseconds()).padStart(3, "0")}`;
}

/** `OrderPlaced` as `Order placed`. */
export function spoken(name) {
  const words = name.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
