/* Predict first: take the reader's answer before the page shows its own.

   The page has the question and a folded answer, which opens by hand as well. Here the choices
   become buttons, or a number has a field, in the line of the summary, so that nothing moves when
   the script arrives. What is right stands in the page and was computed when it was built. */

"use strict";

(() => {
  /** Read a number as the page writes it: whole, decimal or a fraction. */
  const read = (text) => {
    const [top, below = "1"] = text.trim().replace("−", "-").replace(",", ".").split("/");
    return top.trim() === "" ? NaN : Number(top) / Number(below);
  };

  const LETTERS = "ABCDEFGH";

  for (const [index, guess] of document.querySelectorAll("div.guess").entries()) {
    const { kind, answer, unit = "" } = guess.dataset;
    const details = guess.querySelector("details.guess-answer");
    const tools = document.createElement("div");
    tools.className = "live-tools guess-tools";
    tools.setAttribute("role", "group");
    tools.setAttribute("aria-label", `Your answer to question ${index + 1}`);
    const word = document.createElement("p");
    word.className = "guess-word";
    word.setAttribute("role", "status");

    const tell = (right, text) => {
      guess.classList.toggle("guessed-right", right);
      guess.classList.toggle("guessed-wrong", !right);
      word.textContent = text;
      details.open = true;
    };

    if (kind === "choice") {
      const items = [...guess.querySelectorAll(".guess-choices > li")];
      items.forEach((item, i) => {
        const button = document.createElement("button");
        button.type = "button";
        button.textContent = LETTERS[i];
        button.setAttribute("aria-label", `My answer: ${LETTERS[i]}`);
        button.onclick = () => {
          for (const one of items) one.classList.remove("guess-mine");
          item.classList.add("guess-mine");
          for (const one of tools.querySelectorAll("button")) one.setAttribute("aria-pressed", one === button);
          const right = i + 1 === Number(answer);
          tell(right, right ? `${LETTERS[i]} is right.` : `${LETTERS[i]} is not right; it is ${LETTERS[answer - 1]}.`);
        };
        tools.append(button);
      });
    } else {
      const field = document.createElement("input");
      field.type = "text";
      field.inputMode = "text";
      field.autocomplete = "off";
      field.setAttribute("aria-label", `Your number${unit ? `, in ${unit}` : ""}`);
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Check";
      button.onclick = () => {
        const given = read(field.value);
        if (Number.isNaN(given)) {
          word.textContent = "Type a number first, such as −2, 0.5 or 1/3.";
          details.open = false;
          return;
        }
        const right = Math.abs(given - read(answer)) < 1e-9;
        tell(right, right ? `${field.value} is right.` : `${field.value} is not right; it is ${answer}${unit ? ` ${unit}` : ""}.`);
      };
      field.onkeydown = (event) => {
        if (event.key === "Enter") button.click();
      };
      tools.append(field, button);
    }
    details.before(tools);
    tools.after(word);
  }
})();
