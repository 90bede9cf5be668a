// The operations of this page: one file of text, which the server trusts where it executes known documents alone.

const OPERATION = /\n(?=query |mutation |subscription )/;
const NAME = /^(\w+) (\w+)/;

/** The texts by their names; raises where the file cannot be had. */
export async function load() {
  const answer = await fetch(new URL("documents.graphql", import.meta.url));
  if (!answer.ok) throw new Error(`The page's operations cannot be had: ${answer.status}.`);
  const texts = (await answer.text()).split(OPERATION).map((text) => text.trim());
  return new Map(texts.map((text) => [NAME.exec(text)[2], text]));
}

/** What a subscription follows, asked once. */
export function once(text) {
  return text.replace(/^subscription/, "query").replace(/\(pauseMs: \d+\)/, "");
}
