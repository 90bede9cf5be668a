// What the server wrote into the page: { workers: {label: url}, examples: [{name, group, title, about, query, variables}] }.
export const settings = JSON.parse(document.getElementById("settings").textContent);
