// Elements without markup in strings: whatever comes from the log is text here, never HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element with attributes and children; a function among the attributes listens to the event of that name. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for drawings. */
export function drawn(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") node.addEventListener(name, value);
    else attribute(node, name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

/** Sets an attribute, or takes it away where the value is null or false. Does nothing where it is so already. */
export function attribute(node, name, value) {
  const wanted = value === true ? "" : value === null || value === undefined || value === false ? null : String(value);
  if (node.getAttribute(name) === wanted) return;
  if (wanted === null) node.removeAttribute(name);
  else node.setAttribute(name, wanted);
}

/** Sets the text, if it is another one: a screen reader would read an equal one again. */
export function text(node, words) {
  const wanted = String(words);
  if (node.textContent !== wanted) node.textContent = wanted;
}

export function byId(id) {
  return document.getElementById(id);
}

/**
 * Children that stand for items, by key: who is there already stays, with focus and whatever is open in it.
 * `make` gives an object with a `node` and an `update(item)`. They stand behind `after`, else they come first.
 */
export class Listing {
  #parent;
  #make;
  #after;
  #shown = new Map();

  constructor(parent, make, after = null) {
    this.#parent = parent;
    this.#make = make;
    this.#after = after;
  }

  get(key) {
    return this.#shown.get(key);
  }

  show(items, keyOf) {
    const present = new Set(items.map(keyOf));
    for (const [key, { node }] of this.#shown) {
      if (present.has(key)) continue;
      node.remove();
      this.#shown.delete(key);
    }
    let before = this.#after;
    for (const item of items) {
      const one = this.#one(keyOf(item), item);
      one.update(item);
      this.#place(one.node, before);
      before = one.node;
    }
  }

  #one(key, item) {
    if (!this.#shown.has(key)) this.#shown.set(key, this.#make(item));
    return this.#shown.get(key);
  }

  #place(node, before) {
    const next = before === null ? this.#parent.firstChild : before.nextSibling;
    if (next !== node) this.#parent.insertBefore(node, next);
  }
}
