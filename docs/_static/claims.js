/* Filter and sort the table of claims. Without this script the table is complete, in order. */

"use strict";

const table = document.querySelector("table.claims-table");
const body = table.tBodies[0];
const rows = [...body.rows];
const text = (row, selector) => row.querySelector(selector)?.textContent.trim() ?? "";
const page = (row) => row.querySelector(".claim-where a").getAttribute("href");
const byPage = [...rows].sort((a, b) => (page(a) < page(b) ? -1 : page(a) > page(b) ? 1 : 0));

const form = document.createElement("form");
form.className = "claims-filter";
const count = document.createElement("output");
count.setAttribute("aria-live", "polite");

function list(name, choices) {
  const label = document.createElement("label");
  const select = document.createElement("select");
  select.append(...choices.map(([choice, value]) => new Option(choice, value)));
  label.append(name, select);
  form.append(label);
  return select;
}

// What occurs in the table can be chosen, in the order in which it occurs.

function filter(selector, name, everything, ordered) {
  const values = new Set(ordered.map((row) => text(row, selector)).filter(Boolean));
  return [selector, list(name, [[everything, ""], ...[...values].map((value) => [value, value])])];
}

const filters = [
  filter(".verdict", "Verdict", "all verdicts", rows),
  filter(".claim-part", "Part", "all parts", byPage),
];
const order = list("Order", [["by number", "number"], ["by page", "page"]]);

function show() {
  body.append(...(order.value === "page" ? byPage : rows));
  for (const row of rows) {
    row.hidden = filters.some(
      ([selector, select]) => select.value && text(row, selector) !== select.value,
    );
  }
  const shown = rows.filter((row) => !row.hidden).length;
  count.textContent = `${shown} of ${rows.length} claims`;
}

form.append(count);
form.addEventListener("change", show);
form.addEventListener("submit", (event) => event.preventDefault());
table.before(form);
show();
