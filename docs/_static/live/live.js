/* The hand of the live pictures: it tells Python what the reader did, and shows what comes back.

   Nothing is computed here. A control says in `data-do` what it does; its word and its value go to
   `answer` of sgdexplained.live, which returns the new contents of the slots. Python itself is
   loaded at the first touch, in a worker, so that a page costs nothing until then, and a loop
   without an end can be stopped. Without this script the page is complete as it stands. */

"use strict";

(() => {
  const script = document.currentScript;
  const root = new URL("../../", new URL(".", script.src));

  // -- Python, in a worker ---------------------------------------------------------------------

  const python = { worker: null, waiting: new Map(), asked: 0, ready: false };

  /** Say why Python cannot run here; nothing if it can. */
  function obstacle() {
    if (location.protocol === "file:")
      return "This page was opened as a file, and browsers run Python only on pages from a server. In the folder of the site, python -m http.server makes one.";
    if (typeof WebAssembly !== "object" || typeof Worker !== "function")
      return "This browser cannot run Python (it has no WebAssembly). All pictures and numbers stand here as they were built.";
    return "";
  }

  /** Start the worker, unless it runs. */
  function start() {
    if (python.worker) return;
    const worker = new Worker(new URL(script.dataset.worker, root), { type: "module" });
    python.worker = worker;
    worker.onmessage = ({ data }) => {
      if (data.progress !== undefined) return announce(data.progress);
      // A mistake of the reader is an answer. This is none: Python has come to grief, or not come.
      if (data.problem) return stop(`${data.problem} At the next touch, Python is loaded anew.`);
      const waiting = python.waiting.get(data.id);
      python.waiting.delete(data.id);
      if (!python.ready) announce("");
      python.ready = true;
      waiting?.resolve(data.answer);
    };
    worker.onerror = () => stop("Python could not be loaded. Is the connection there? Touch again to try once more.");
    python.timer = setTimeout(() => {
      if (!python.ready) stop("Python has not come within a minute. Touch again to try once more.");
    }, 60000);
  }

  /** End the worker, whatever it does; whoever waits is told why. */
  function stop(why) {
    clearTimeout(python.timer);
    python.worker?.terminate();
    python.worker = null;
    python.ready = false;
    const waiting = [...python.waiting.values()];
    python.waiting.clear();
    announce("");
    for (const one of waiting) one.reject(new Error(why));
  }

  /** Ask Python; promise its answer. */
  function ask(request, place) {
    const reason = obstacle();
    if (reason) return Promise.reject(new Error(reason));
    return new Promise((resolve, reject) => {
      start();
      python.asked += 1;
      python.waiting.set(python.asked, { resolve, reject, place });
      python.worker.postMessage({ id: python.asked, request: JSON.stringify(request) });
      if (!python.ready) announce("Python is being loaded…");
    }).then(JSON.parse);
  }

  /** Tell all who wait how far the loading is. */
  function announce(text) {
    for (const { place } of python.waiting.values()) say(place, text);
  }

  /** Write into the line that is read out. */
  function say(place, text) {
    const line = place?.querySelector(".live-word");
    if (line && line.textContent !== text) line.textContent = text;
  }

  // -- Pictures --------------------------------------------------------------------------------

  const parts = new Map();

  /** Know a picture of the page. */
  function meet(element) {
    const part = { element, address: "", queue: [], busy: false, shown: {}, later: [] };
    parts.set(element, part);
    return part;
  }

  /** Do what the reader did, as soon as what came before is drawn.

      Of a hand that slides only the last place counts: while one is drawn, the hand goes on. */
  function send(part, what, value, slides = false) {
    part.element.classList.add("used");
    const last = part.queue.at(-1);
    if (slides && last?.what === what) last.value = value;
    else part.queue.push({ what, value });
    if (!part.busy) pump(part);
  }

  async function pump(part) {
    part.busy = true;
    while (part.queue.length) {
      const { what, value } = part.queue.shift();
      const { live: view, start: begin = "" } = part.element.dataset;
      try {
        const request = { room: "picture", view, start: begin, address: part.address, do: what, value };
        const answer = await ask(request, part.element);
        await held;
        show(part, answer);
        // What is drawn later follows something else, whose mistake must still be read.
        if (what !== "later") say(part.element, answer.error);
      } catch (error) {
        part.queue = [];
        say(part.element, error.message);
      }
    }
    part.busy = false;
    if (part.later.length) {
      clearTimeout(part.rest);
      part.rest = setTimeout(() => part.later.length && !part.busy && send(part, "later", ""), 60);
    }
  }

  /** Show an answer; what has the focus keeps it. */
  function show(part, answer) {
    part.address = answer.address;
    part.later = answer.later;
    const focused = document.activeElement;
    const key = part.element.contains(focused) && way(focused);
    for (const [name, html] of Object.entries(answer.slots)) {
      if (part.shown[name] === html) continue;
      part.shown[name] = html;
      const slot = part.element.querySelector(`[data-slot="${name}"]`);
      if (slot) slot.innerHTML = html;
    }
    if (key && !document.contains(focused))
      part.element.querySelector(key)?.focus({ preventScroll: true });
    for (const [name, value] of Object.entries(answer.fields))
      for (const field of part.element.querySelectorAll(`[data-field="${name}"]`))
        if (field.value !== value && !(field === document.activeElement && field.type === "text" && !answer.typed))
          field.value = value;
    remember(part);
  }

  /** Give the way back to an element after its slot has been filled anew. */
  function way(element) {
    const { key, do: what, value } = element.dataset;
    if (key) return `[data-key="${CSS.escape(key)}"]`;
    return what && `[data-do="${what}"]` + (value ? `[data-value="${CSS.escape(value)}"]` : "");
  }

  /** Put the state into the address, so that it can be sent; not more often than browsers allow. */
  function remember(part) {
    clearTimeout(part.writing);
    part.writing = setTimeout(() => {
      const hash = part.address ? `#${part.element.id}?${part.address}` : "";
      if (location.hash !== hash)
        history.replaceState(null, "", location.pathname + location.search + hash);
    }, 300);
  }

  /** Read what stands in an address; as it is, if it was cut in the middle of a letter. */
  function written(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text;
    }
  }

  /** Open a state that somebody has sent. */
  function open() {
    const [id, address] = written(location.hash.slice(1)).split(/\?(.*)/s);
    const element = address && document.getElementById(id);
    const part = element && parts.get(element);
    if (!part || part.address === address) return;
    part.address = address;
    for (const fold of element.querySelectorAll(".live-fold")) fold.open = true;
    element.scrollIntoView();
    send(part, "", "");
  }

  // Nothing is drawn anew under a finger that is down: what was pressed must be there when it goes
  // up, or the browser tells nobody of the click.
  let held = null;
  let letGo = () => {};
  let going;

  for (const name of ["pointerdown", "keydown"])
    addEventListener(name, ({ target, key = " " }) => {
      if (key !== " " || !target.closest?.(".live :is(button, g)[data-do]")) return;
      clearTimeout(going);
      held ??= new Promise((done) => (letGo = done));
    }, true);

  // After the click, which comes behind these.
  for (const name of ["pointerup", "pointercancel", "keyup", "blur"])
    addEventListener(name, ({ type, target }) => {
      // The focus that leaves a field is a blur as well.
      if (held && (type !== "blur" || target === window)) going = setTimeout(() => letGo((held = null)));
    }, true);

  const partOf = (target) => parts.get(target.closest(".live"));

  document.addEventListener("input", ({ target }) => {
    const part = partOf(target);
    if (part && target.type === "range") send(part, target.dataset.do, target.value, true);
  });

  document.addEventListener("change", ({ target }) => {
    const part = partOf(target);
    if (part && target.dataset.do && target.type !== "range")
      send(part, target.dataset.do, target.value);
  });

  document.addEventListener("click", ({ target }) => {
    const control = target.closest("button[data-do], g[data-do]");
    const part = control && partOf(control);
    if (part) send(part, control.dataset.do, control.dataset.value ?? "");
  });

  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    const part = target.closest && partOf(target);
    if (!part) return;
    const { arrows, do: what, value = "" } = target.dataset;
    if (arrows && key.startsWith("Arrow")) {
      event.preventDefault();
      send(part, arrows, `${event.shiftKey ? "Shift+" : ""}${key} ${value}`);
    } else if (what && target.matches("g") && (key === "Enter" || key === " ")) {
      event.preventDefault();
      send(part, what, value);
    }
  });

  document.addEventListener("pointerdown", (event) => {
    const plane = event.target.closest(".live-plane");
    const part = plane && partOf(plane);
    if (!part || event.button || event.target.closest("g[data-do]")) return;
    const field = plane.querySelector("[data-drag]");
    const move = ({ clientX, clientY }) => {
      const { left, top, width, height } = field.getBoundingClientRect();
      const place = `${(clientX - left) / width},${(clientY - top) / height}`;
      send(part, field.dataset.drag, place, true);
    };
    const end = () => plane.removeEventListener("pointermove", move);
    plane.setPointerCapture(event.pointerId);
    plane.addEventListener("pointermove", move);
    plane.addEventListener("pointerup", end, { once: true });
    plane.addEventListener("pointercancel", end, { once: true });
    plane.querySelector("[data-arrows]")?.focus({ preventScroll: true });
    event.preventDefault();
    move(event);
  });

  for (const element of document.querySelectorAll("[data-live]")) meet(element);
  addEventListener("hashchange", open);
  open();

  // For the scripts that stand beside this one: cells.js and engine.js.
  window.sgdexplainedLive = { ask, stop, say };
})();
