import { useGraphiQL, useGraphiQLActions } from "@graphiql/react";
import { settings } from "./settings.js";

const groups = [...new Set(settings.examples.map((example) => example.group))];

function Icon() {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" aria-hidden="true">
      <path d="M5 3.5h14v17l-2.33-1.5-2.33 1.5L12 19l-2.33 1.5L7.33 19 5 20.5z" />
      <path d="M8.5 8h7M8.5 11.5h7M8.5 15h4" strokeLinecap="round" />
    </svg>
  );
}

/** Opens an example: in its tab, if it still stands in one as it was, else in a new one. */
function useOpen() {
  const { addTab, changeTab } = useGraphiQLActions();
  const { tabs, queryEditor, variableEditor } = useGraphiQL(({ tabs, queryEditor, variableEditor }) => ({
    tabs,
    queryEditor,
    variableEditor,
  }));
  return (example) => {
    const open = tabs.findIndex((tab) => tab.query === example.query);
    if (open >= 0) {
      changeTab(open);
      return;
    }
    addTab();
    queryEditor.setValue(example.query);
    variableEditor.setValue(example.variables);
  };
}

function Examples() {
  const open = useOpen();
  const title = useGraphiQL(({ tabs, activeTabIndex }) => tabs[activeTabIndex]?.title);
  return (
    <section className="examples" aria-label="Examples">
      <h2>Examples</h2>
      <p>Each opens in a tab, ready to run against the seeded shop.</p>
      {groups.map((group) => (
        <Group key={group} name={group} current={title} open={open} />
      ))}
    </section>
  );
}

function Group({ name, current, open }) {
  const members = settings.examples.filter((example) => example.group === name);
  return (
    <>
      <h3>{name}</h3>
      <ul>
        {members.map((example) => (
          <li key={example.name}>
            <button type="button" title={example.about} aria-current={example.name === current} onClick={() => open(example)}>
              <span className={`kind ${example.kind}`}>{example.kind}</span>
              {example.title}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

export const EXAMPLES = { title: "Examples", icon: Icon, content: Examples };
