/* Sort and filter the table of claims. Without this script the table is complete, in order. */

"use strict";

const table = document.querySelector("table.claims-table");
const body = table.tBodies[0];
const rows = [...body.rows];
const text = (row, selector) => row.querySelector(selector)?.textContent.trim() ?? "";

// Filters: one list for each of verdict and part, holding what occurs in the table.

const form = document.createElement("form");
form.className = "claims-filter";
const count = document.createElement("output");
count.setAttribute("aria-live", "polite");
const filters = new Map();

function filterBy(selector, name, everything) {
  const values = [...new Set(rows.map((row) => text(row, selector)))].filter(Boolean).sort();
  const label = document.createElement("label");
  const list = document.createElement("select");
  list.append(new Option(everything, ""), ...values.map((value) => new Option(value)));
  label.append(name, list);
  form.append(label);
  filters.set(selector, list);
}

function show() {
  for (const row of rows) {
    row.hidden = [...filters].some(
      ([selector, list]) => list.value && text(row, selector) !== list.value,
    );
  }
  const shown = rows.filter((row) => !row.hidden).length;
  count.textContent = `${shown} of ${rows.length} claims`;
}

filterBy(".claim-verdict", "Verdict", "all verdicts");
filterBy(".claim-part", "Part", "all parts");
form.append(count);
form.addEventListener("change", show);
form.addEventListener("submit", (event) => event.preventDefault());
table.before(form);
show();

// Sorting: a button in each head that has an order. Rows without a difference keep theirs.

const keys = new Map([
  [0, (row) => rows.indexOf(row)],
  [1, (row) => text(row, ".claim-verdict")],
  [3, (row) => row.querySelector(".claim-where a").getAttribute("href")],
]);

for (const [column, key] of keys) {
  const head = table.tHead.rows[0].cells[column];
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.querySelector("p").childNodes);
  head.replaceChildren(button);
  head.setAttribute("aria-sort", column === 0 ? "ascending" : "none");
  button.addEventListener("click", () => {
    const order = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of table.tHead.rows[0].cells) {
      if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
    }
    head.setAttribute("aria-sort", order === 1 ? "ascending" : "descending");
    const compare = (a, b) => (key(a) < key(b) ? -order : key(a) > key(b) ? order : 0);
    body.append(...[...rows].sort(compare));
  });
}
