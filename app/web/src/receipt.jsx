import { useGraphiQL } from "@graphiql/react";
import { useSyncExternalStore } from "react";
import { forget, last, subscribe } from "./receipts.js";

/** One line under the answer: the last write, that reads now wait for it, and two things to do with it. */
export function Receipt() {
  const { token, aggregateId, version } = useSyncExternalStore(subscribe, last);
  if (!token) {
    return null;
  }
  return (
    <div className="receipt" role="status">
      <span className="what" title={`Consistency-Token: ${token}`}>
        Reads wait for {aggregateId ? <Write aggregateId={aggregateId} version={version} /> : "your last write"}
      </span>
      {aggregateId && <ToVariables aggregateId={aggregateId} version={version} />}
      <button type="button" onClick={forget} title="Stop sending the Consistency-Token header">
        Forget
      </button>
    </div>
  );
}

function Write({ aggregateId, version }) {
  return (
    <>
      <code>{aggregateId}</code>
      {version === null ? null : <> version {version}</>}
    </>
  );
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
