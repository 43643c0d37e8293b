/* Run and edit the examples of a page, where they stand.

   Each example gets two buttons in its corner. *Run* first runs the examples above it, so that a
   reader may begin anywhere; *Edit* turns the code into a field. What comes out is shown below,
   and what the build has printed stays. */

"use strict";

(() => {
  const { ask, stop } = window.sgdexplainedLive;

  /** Make an element. */
  function make(name, attributes = {}, ...content) {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    element.append(...content);
    return element;
  }

  /** Read an example as it stands, without prompts and without its output. */
  function codeOf(element, kind) {
    const text = element.querySelector("pre").textContent.replace(/\n$/, "");
    if (kind !== "doctest") return text;
    return text
      .split("\n")
      .filter((line) => /^(>>>|\.\.\.)( |$)/.test(line))
      .map((line) => line.slice(4))
      .join("\n");
  }

  const cells = [...document.querySelectorAll(".live-cell")].map((element) => {
    const { kind, missing } = element.dataset;
    return { element, kind, missing, original: codeOf(element, kind), field: null };
  });
  const runnable = cells.filter((cell) => !cell.missing);
  const page = document.documentElement.dataset.content_root + location.pathname;

  const button = (words, label) => make("button", { type: "button", "aria-label": label }, words);

  for (const [index, cell] of runnable.entries()) {
    cell.number = index + 1;
    const which = `example ${cell.number}`;
    cell.run = button("Run", `Run ${which}`);
    cell.edit = button("Edit", `Edit ${which}`);
    cell.reset = button("Reset", `Reset ${which}`);
    cell.halt = button("Stop", `Stop ${which}`);
    cell.reset.hidden = cell.halt.hidden = true;
    cell.word = make("p", { class: "live-word", role: "status" });
    cell.output = make("pre", { class: "live-output", hidden: "", tabindex: "0" });
    cell.output.setAttribute("aria-label", `What ${which} gives now`);
    const tools = make("div", { class: "live-tools" }, cell.run, cell.halt, cell.edit, cell.reset);
    cell.element.append(tools, cell.word, cell.output);
    cell.run.onclick = () => run(cell);
    cell.edit.onclick = () => edit(cell);
    cell.reset.onclick = () => reset(cell);
    cell.halt.onclick = () => stop("Stopped. Python is loaded again at the next touch.");
  }

  // What needs more than the page has says so, and where it can be run.
  const notebook = document.querySelector('a[href$=".ipynb"]');
  for (const cell of cells.filter((one) => one.missing)) {
    // Short, so that on a phone it is one line, above the code.
    const words = `Needs ${cell.missing}`;
    const line = make("p", { class: "live-missing" }, notebook ? `${words}: ` : `Runs only on your machine: needs ${cell.missing}.`);
    if (notebook) line.append(make("a", { href: notebook.href, download: "" }, "take the notebook"));
    cell.element.append(make("div", { class: "live-tools" }, line));
  }

  /** Run an example, after those above it. */
  async function run(cell) {
    if (cell.element.getAttribute("aria-busy")) return;
    // Also what cannot run whole: Python leaves out of it what is not there.
    const until = cells.slice(0, cells.indexOf(cell) + 1);
    const sources = until.map((one) => [one.kind, one.field ? one.field.value : one.original]);
    cell.run.hidden = true;
    cell.halt.hidden = false;
    cell.element.setAttribute("aria-busy", "true");
    cell.output.hidden = true;
    const waits = setTimeout(() => (cell.word.textContent = "It is running…"), 400);
    try {
      const { output, failed, earlier, pictures } = await ask({ room: "cell", page, cells: sources }, cell.element);
      cell.output.textContent = output || "(It has run, and printed nothing.)";
      cell.output.classList.toggle("failed", failed);
      cell.output.hidden = false;
      clearTimeout(waits);
      cell.word.textContent = failed
        ? "It ended in an error."
        : earlier
          ? `Run, after ${earlier} earlier example${earlier > 1 ? "s" : ""} of this page.`
          : "Run.";
      if (pictures && !failed) cell.word.textContent += " The picture is not drawn anew: that takes matplotlib, which the notebook has.";
    } catch (problem) {
      clearTimeout(waits);
      cell.word.textContent = problem.message;
    }
    cell.element.removeAttribute("aria-busy");
    const focused = document.activeElement === cell.halt;
    cell.halt.hidden = true;
    cell.run.hidden = false;
    if (focused) cell.run.focus();
  }

  /** Turn the code into a field. */
  function edit(cell) {
    const code = cell.element.querySelector(".highlight, pre").closest("[class*=highlight-]") ?? cell.element.querySelector(".highlight");
    const rows = cell.original.split("\n").length;
    cell.field = make("textarea", { spellcheck: "false", autocapitalize: "off", rows: rows + 1 });
    cell.field.setAttribute("aria-label", `Code of example ${cell.number}`);
    cell.field.value = cell.original;
    cell.code = code;
    code.hidden = true;
    code.before(cell.field);
    cell.edit.hidden = true;
    cell.reset.hidden = false;
    cell.field.onkeydown = (event) => {
      // Ctrl+Enter runs; Tab goes on to the next control, as everywhere.
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        run(cell);
      }
    };
    cell.field.focus();
  }

  /** Put the example back as it was. */
  function reset(cell) {
    cell.field.remove();
    cell.field = null;
    cell.code.hidden = false;
    cell.output.hidden = true;
    cell.word.textContent = "";
    cell.reset.hidden = true;
    cell.edit.hidden = false;
    cell.edit.focus();
  }
})();
