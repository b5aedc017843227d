// Builds elements. Text goes in as text, never as markup: names and messages come from callers.

export const byId = id => document.getElementById(id);

export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) {
      made.addEventListener(name.slice(2), value);
    } else if (value !== undefined && value !== false) {
      made.setAttribute(name, value);
    }
  }
  made.append(...children.filter(child => child !== undefined && child !== null));
  return made;
}

// columns: [heading, row => text or element]
export function fillTable(table, columns, rows, empty) {
  const head = element("thead", {}, element("tr", {}, ...columns.map(([heading]) => element("th", { scope: "col" }, heading))));
  const cells = row => columns.map(([heading, cell]) => element("td", { "data-label": heading }, cell(row) ?? ""));
  const body = element("tbody", {}, ...rows.map(row => element("tr", {}, ...cells(row))));
  if (rows.length === 0) {
    body.append(element("tr", {}, element("td", { colspan: columns.length }, empty)));
  }
  table.replaceChildren(head, body);
}

export const number = (value, digits = 1) => Number(value ?? 0).toLocaleString("en", { maximumFractionDigits: digits });
export const clock = seconds => (seconds ? new Date(seconds * 1000).toLocaleTimeString() : "");
