/* Show the answers of one library. Without this script all are shown, and there is no choice. */

"use strict";

const select = document.querySelector("form.elsewhere-choice select");
const entries = [...document.querySelectorAll("[data-library]")];
const KEY = "elsewhere-library";

function show() {
  const wanted = select.value;
  for (const entry of entries) entry.hidden = wanted && entry.dataset.library !== wanted;
  // An answer that nobody gives is not shown, nor a table without rows.
  for (const answers of document.querySelectorAll(".elsewhere-answers dd")) {
    const empty = ![...answers.children].some((entry) => !entry.hidden);
    answers.hidden = answers.previousElementSibling.hidden = empty;
  }
  for (const body of document.querySelectorAll(".elsewhere-table tbody")) {
    const empty = ![...body.rows].some((row) => !row.hidden);
    body.closest(".elsewhere-table").hidden = empty;
  }
  for (const section of document.querySelectorAll("section[class*=elsewhere-of-]"))
    section.hidden = wanted && !section.classList.contains(`elsewhere-of-${wanted}`);
}

if (select) {
  // The choice stays while a reader goes from page to page.
  const kept = sessionStorage.getItem(KEY);
  if ([...select.options].some((option) => option.value === kept)) select.value = kept;
  select.addEventListener("change", () => {
    sessionStorage.setItem(KEY, select.value);
    show();
  });
  select.form.addEventListener("submit", (event) => event.preventDefault());
  show();
}
