import { useGraphiQL } from "@graphiql/react";
import { useEffect } from "react";

/** Lets the editors wrap long lines, so that an example's explanation can be read beside its answer. */
export function LongLines() {
  const { queryEditor, variableEditor } = useGraphiQL(({ queryEditor, variableEditor }) => ({ queryEditor, variableEditor }));
  useEffect(() => {
    [queryEditor, variableEditor].forEach((editor) => editor?.updateOptions({ wordWrap: "on" }));
  }, [queryEditor, variableEditor]);
  return null;
}
