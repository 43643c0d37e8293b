/* Filter and sort the table of claims. Without this script the table is complete, in order. */

"use strict";

const form = document.querySelector("form.claims-filter");
const body = document.querySelector("table.claims-table").tBodies[0];
const rows = [...body.rows];
const text = (row, selector) => row.querySelector(selector)?.textContent.trim() ?? "";
const page = (row) => row.querySelector(".claim-where a").getAttribute("href");
const byPage = [...rows].sort((a, b) => (page(a) < page(b) ? -1 : page(a) > page(b) ? 1 : 0));

// Where a row says what a list of the form asks for.
const places = { verdict: ".verdict", part: ".claim-part" };

function fits(row) {
  return Object.entries(places).every(([name, selector]) => {
    const wanted = form.elements[name].value;
    return !wanted || text(row, selector) === wanted;
  });
}

function show() {
  body.append(...(form.elements.order.value === "page" ? byPage : rows));
  for (const row of rows) row.hidden = !fits(row);
  const shown = rows.filter((row) => !row.hidden).length;
  form.querySelector("output").textContent = `${shown} of ${rows.length} claims`;
}

form.addEventListener("change", show);
form.addEventListener("submit", (event) => event.preventDefault());
