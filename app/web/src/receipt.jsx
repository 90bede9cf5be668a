import { useGraphiQL } from "@graphiql/react";
import { useSyncExternalStore } from "react";
import { forget, last, subscribe } from "./receipts.js";

/** Under the answer: the last write, that reads now wait for it, and two things to do with it. */
export function Receipt() {
  const { token, aggregateId, version } = useSyncExternalStore(subscribe, last);
  if (!token) {
    return <Hint />;
  }
  return (
    <div className="receipt" role="status">
      <dl>
        <dt>Last write</dt>
        <dd>{aggregateId ? <Write aggregateId={aggregateId} version={version} /> : "its id was not asked for"}</dd>
        <dt title="This header goes with every read, which then waits for the write">Consistency-Token</dt>
        <dd title={token}>{token}</dd>
      </dl>
      {aggregateId && <ToVariables aggregateId={aggregateId} version={version} />}
      <button type="button" onClick={forget} title="Send no Consistency-Token: reads wait for nothing">
        Forget
      </button>
    </div>
  );
}

function Hint() {
  return (
    <p className="receipt">
      <span>
        <kbd>Ctrl</kbd> <kbd>Enter</kbd> or the arrow runs the operation; the answer comes here.
      </span>
    </p>
  );
}

function Write({ aggregateId, version }) {
  return version === null ? aggregateId : `${aggregateId} at version ${version}`;
}

function ToVariables({ aggregateId, version }) {
  const editor = useGraphiQL((state) => state.variableEditor);
  const fill = () => editor?.setValue(filled(editor.getValue(), aggregateId, version));
  return (
    <button type="button" onClick={fill} title="Put this id and version into the variables of the open tab">
      Use in variables
    </button>
  );
}

function filled(text, aggregateId, version) {
  let variables;
  try {
    variables = JSON.parse(text || "{}");
  } catch {
    variables = {};
  }
  return JSON.stringify(withReceipt(variables, aggregateId, version), null, 2);
}

/** Replaces the ids of the same kind and the expected version where the variables have them, else adds `id` and `minVersion`. */
function withReceipt(variables, aggregateId, version) {
  const kind = `${aggregateId.split("_")[0]}_`;
  let found = false;
  const replaced = JSON.parse(JSON.stringify(variables), (key, value) => {
    if (typeof value === "string" && value.startsWith(kind)) {
      found = true;
      return aggregateId;
    }
    return version !== null && (key === "minVersion" || key === "expectedVersion") ? version : value;
  });
  return found ? replaced : { ...replaced, id: aggregateId, ...(version === null ? {} : { minVersion: version }) };
}
