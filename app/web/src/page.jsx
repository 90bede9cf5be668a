import "./workers.js";
import "graphiql/style.css";
import "./page.css";
import { GraphiQL, HISTORY_PLUGIN } from "graphiql";
import { createRoot } from "react-dom/client";
import { EXAMPLES } from "./examples.jsx";
import { fetcher } from "./fetcher.js";
import { LongLines } from "./long-lines.jsx";
import { Receipt } from "./receipt.jsx";
import { settings } from "./settings.js";

const plugins = [EXAMPLES, HISTORY_PLUGIN];
// The first group opens in tabs, the rest from the list of examples.
const tabs = settings.examples
  .filter((example) => example.group === settings.examples[0].group)
  .map(({ query, variables }) => ({ query, variables }));
const { query, variables } = leftOpen() ?? tabs[0] ?? {};

/** The tab that stood in front when the page was left: its texts are saved as a whole, the editors' own one by one. */
function leftOpen() {
  try {
    const { tabs, activeTabIndex } = JSON.parse(window.localStorage.getItem("graphiql:tabState"));
    return tabs[activeTabIndex];
  } catch {
    return null;
  }
}

function Page() {
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={plugins}
      visiblePlugin={EXAMPLES.title}
      defaultTabs={tabs.length ? tabs : undefined}
      initialQuery={query ?? undefined}
      initialVariables={variables ?? undefined}
      defaultEditorToolsVisibility="variables"
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>
        Counterfoil <a href="ops">Operations</a>
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <LongLines />
        <Receipt />
      </GraphiQL.Footer>
    </GraphiQL>
  );
}

createRoot(document.getElementById("graphiql")).render(<Page />);
