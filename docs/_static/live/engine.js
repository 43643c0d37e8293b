/* Break the engine: make one of the changes, or edit a line, and see which claims fall.

   Python changes a copy of the package and judges the claims with it, a few at a time, so that the
   verdicts come in while it works. The change stands in the address and can be sent. */

"use strict";

(() => {
  const { ask, stop } = window.sgdexplainedLive;
  const form = document.getElementById("break");
  const at = (name) => document.getElementById(`break-${name}`);
  const word = form.querySelector(".live-word");
  const AT_ONCE = 6;

  // Claims and changes stand in the page, as data.
  const { claims, changes } = JSON.parse(at("known").textContent);

  let sources = {}; // modules as they are
  let run = 0; // of two that overlap, the later one counts
  let verdicts = [];
  let broken = false; // whether the engine that was judged is a changed one

  const root = new URL(document.querySelector("script[data-root]").dataset.root, location.href);

  /** Make an element. */
  function make(name, text = "", kind = "") {
    const element = document.createElement(name);
    element.textContent = text;
    if (kind) element.className = kind;
    return element;
  }

  /** Judge all claims under some edits, and show what falls. */
  async function judge(edits, address) {
    run += 1;
    const mine = run;
    verdicts = [];
    broken = edits.length > 0;
    at("stop").hidden = false;
    at("back").disabled = !edits.length;
    history.replaceState(null, "", location.pathname + location.search + (address ? `#break?${address}` : ""));
    try {
      for (let i = 0; i < claims.length; i += AT_ONCE) {
        const some = claims.slice(i, i + AT_ONCE).map(({ name, body }) => ({ name, body }));
        const answer = await ask({ room: "judge", edits, claims: some }, form);
        if (mine !== run) return;
        if (answer.error) {
          word.textContent = answer.error;
          at("verdicts").replaceChildren();
          hunt();
          break;
        }
        verdicts.push(...answer.verdicts);
        show();
      }
    } catch (problem) {
      word.textContent = problem.message;
    }
    at("stop").hidden = true;
  }

  const NAMES = { falls: "falls", breaks: "cannot be judged", absent: "not judged here: needs NumPy", holds: "holds" };

  /** Show the verdicts so far: first those that fall. */
  function show() {
    const of = (kind) => verdicts.filter((one) => one.word === kind);
    const judged = verdicts.length - of("absent").length;
    const missing = of("absent").length ? `, and ${of("absent").length} need NumPy, which is not here` : "";
    const rest = claims.length - verdicts.length;
    word.textContent = rest
      ? `${verdicts.length} of ${claims.length} claims judged…`
      : `${of("falls").length} of ${judged} claims fall${missing}.` + (of("breaks").length ? ` ${of("breaks").length} cannot be judged: their checks end in an error.` : "");
    const list = (kinds) => {
      const items = make("ul", "", "live-claims");
      for (const kind of kinds) items.append(...of(kind).map((one) => row(one)));
      return items;
    };
    // What holds is folded away: what fell is what the reader asked for.
    const standing = list(["holds", "absent"]);
    const folded = make("details", "", "live-more");
    folded.open = at("verdicts").querySelector("details")?.open ?? false;
    folded.append(make("summary", `${of("holds").length} claims hold`), standing);
    at("verdicts").replaceChildren(list(["falls", "breaks"]), folded);
    hunt();
  }

  const short = (text) => (text.length > 160 ? `${text.slice(0, 160)}…` : text) || "(nothing)";

  /** Write the verdict on one claim. */
  function row({ name, word: kind, asked, expected, got }) {
    const claim = claims.find((one) => one.name === name);
    const item = make("li", "", kind);
    item.dataset.claim = name;
    const link = make("a", name);
    link.href = new URL(claim.at, root);
    const head = make("p", "", "live-says");
    head.append(link, " ", make("b", NAMES[kind]), ` ${claim.says}`);
    item.append(head);
    if (kind === "falls" || kind === "breaks") {
      const told = make("dl");
      for (const [term, text] of [["asked", asked], ["expected", expected], ["got", got]])
        told.append(make("dt", term), make("dd", short(text)));
      item.append(told);
    }
    return item;
  }
  /** Tell whether the claim that the reader hunts survived. */
  function hunt() {
    const name = at("claim").value;
    const verdict = verdicts.find((one) => one.name === name);
    const place = at("hunt");
    place.textContent = "";
    if (!name) return;
    const claim = claims.find((one) => one.name === name);
    if (verdict?.word === "falls") {
      place.textContent = `${name} falls: you have refuted it.`;
      return;
    }
    place.textContent = verdict && broken
      ? `${name} survives this change. Find one that refutes it. `
      : `Find a change that refutes ${name}. `;
    const hint = make("button", "Give me one");
    hint.type = "button";
    hint.onclick = () => {
      at("change").value = claim.refuted_by[0] ?? "";
      choose();
    };
    if (claim.refuted_by.length) place.append(hint);
  }

  /** Make the chosen change. */
  async function choose() {
    const name = at("change").value;
    if (!name) return back();
    at("module").value = "";
    at("code").hidden = true;
    at("diff").hidden = false;
    at("diff").replaceChildren(
      ...changes[name].edits.flatMap(({ file, old, new: text }) => [
        make("span", `${file}\n`, "file"),
        ...old.replace(/\n$/, "").split("\n").map((line) => make("del", `− ${line}\n`)),
        ...text.replace(/\n$/, "").split("\n").map((line) => make("ins", `+ ${line}\n`)),
      ])
    );
    await judge(changes[name].edits, `change=${name}`);
  }

  /** Show no verdicts: they were on an engine that is no longer shown. */
  function forget() {
    run += 1;
    verdicts = [];
    at("change").value = "";
    at("diff").hidden = at("stop").hidden = at("back").disabled = true;
    at("verdicts").replaceChildren();
    word.textContent = "";
    hunt();
  }

  /** Open a module to be edited. */
  async function open(file) {
    forget();
    if (!file) return (at("code").hidden = true);
    try {
      const answer = await ask({ room: "judge", edits: [], claims: [], show: file }, form);
      if (answer.error) return (word.textContent = answer.error);
      sources[file] = answer.source;
      at("text").value = answer.source;
      at("code").hidden = false;
      at("module").value = file;
    } catch (problem) {
      word.textContent = problem.message;
    }
  }

  /** Judge under what stands in the field; only the lines that differ go into the address. */
  async function judgeText() {
    const file = at("module").value;
    const before = sources[file].split("\n");
    const after = at("text").value.split("\n");
    let start = 0;
    while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
    let end = 0;
    while (end < Math.min(before.length, after.length) - start && before.at(-1 - end) === after.at(-1 - end)) end += 1;
    const same = start === before.length && start === after.length;
    const lines = after.slice(start, after.length - end);
    // Each line with its end, so that none and an empty one differ.
    const whole = (some) => some.map((line) => `${line}\n`).join("");
    const was = whole(before.slice(start, before.length - end));
    const address = new URLSearchParams({ file, at: start, was, text: whole(lines) });
    await judge(same ? [] : [{ file, text: at("text").value }], same ? "" : address);
  }

  /** Put the engine back as it was. */
  async function back() {
    const file = at("module").value;
    at("change").value = "";
    at("diff").hidden = true;
    if (file) at("text").value = sources[file];
    await judge([], "");
  }

  /** Open a change that somebody has sent. */
  async function sent() {
    const [id, sent = ""] = location.hash.slice(1).split(/\?(.*)/s);
    // A page of the engine leads here with the module behind an ordinary question mark.
    const address = sent || location.search.slice(1);
    if (id !== "break" || !address) return;
    const asked = new URLSearchParams(address);
    if (changes[asked.get("change")]) {
      at("change").value = asked.get("change");
      return choose();
    }
    const file = asked.get("file");
    if (!file) return (word.textContent = "The address names a change that is not here. Choose one, or edit a module.");
    await open(file);
    if (!asked.has("text") || sources[file] === undefined) return;
    const lines = sources[file].split("\n");
    const apart = (name) => (asked.get(name) ?? "\n").split("\n").slice(0, -1);
    const [start, was] = [Number(asked.get("at")), apart("was")];
    if (was.some((line, i) => lines[start + i] !== line))
      return (word.textContent = "The address changes lines that are not in this engine: it was written for another version.");
    lines.splice(start, was.length, ...apart("text"));
    at("text").value = lines.join("\n");
    await judgeText();
  }

  const guarded = (what) => async (event) => {
    try {
      await what(event);
    } catch (problem) {
      word.textContent = problem.message;
    }
  };
  at("change").onchange = guarded(choose);
  at("module").onchange = guarded(() => open(at("module").value));
  at("judge").onclick = guarded(judgeText);
  at("text").oninput = () => (at("back").disabled = false);
  at("back").onclick = guarded(back);
  at("stop").onclick = () => stop("Stopped. Python is loaded again at the next touch.");
  at("claim").onchange = hunt;
  addEventListener("hashchange", guarded(sent));
  guarded(sent)();
})();
