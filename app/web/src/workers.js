// The editor, loaded with the page and not after it, so that its style sheet is part of the page's.
import "monaco-graphql/esm/monaco-editor.js";
import { settings } from "./settings.js";

// The editors ask for their workers by label; every language without a worker of its own gets the plain one.
globalThis.MonacoEnvironment = {
  getWorker: (_id, label) => new Worker(settings.workers[label] ?? settings.workers.editor, { name: label }),
};
