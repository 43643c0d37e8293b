// Run the programs of TensorFlow.js and print the answers as JSON: what measure.py does in Python.
// Its arguments: the module of the programs, and a file with what is asked.

import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [path, asked] = process.argv.slice(2);
const { cases, gradients, grid, subnormal } = JSON.parse(readFileSync(asked, "utf8"));
const text = readFileSync(path, "utf8");
const programs = await import(pathToFileURL(path));

function plain(answer) {
  if (answer === null || answer === undefined) return null;
  if (typeof answer === "string") return answer;
  if (Array.isArray(answer)) return answer.length === 1 ? plain(answer[0]) : answer.map(plain);
  if (Number.isNaN(answer)) return "nan";
  if (!Number.isFinite(answer)) return answer > 0 ? "inf" : "-inf";
  return Number(answer.toPrecision(6)) + 0;
}

function answered(program, ...given) {
  try {
    return plain(program(...given));
  } catch (error) {
    process.stderr.write(`  ${error.name}: ${error.message.slice(0, 200)}\n`);
    return { error: error.name };
  }
}

function entries(table, run) {
  const named = Object.entries(table ?? {});
  return Object.fromEntries(
    named.map(([name, program]) => [name, { program: String(program), answers: run(name, program) }]),
  );
}

const firstFrom = (values, end) => {
  let at = values.length;
  while (at > 0 && values[at - 1] === end) at -= 1;
  return at < values.length ? grid[at] : "never";
};

const swallowed = (gradient) => {
  for (let power = 1; power < 80; power += 1)
    if (programs.step(1, 2 ** -power, gradient) === 1) return `2^-${power}`;
  return "none";
};

const gaps = () => {
  const rows = programs.softmaxGradients([...Array(1000).keys()]);
  return [0, 1].map((column) => {
    const at = rows.findIndex((row) => row[column] === 0);
    return at < 0 ? "never" : at;
  });
};

const pages = {
  kinks: entries(programs.KINKS, (name, program) => ({
    reverse: answered(programs.slopes, program, ...cases.kinks[name].point),
  })),
  none: entries(programs.NONE, (_, program) => ({ "": answered(program) })),
  steps: entries(programs.OPTIMIZERS, (_, make) =>
    Object.fromEntries(
      Object.entries(gradients).map(([kind, steps]) => [
        kind,
        answered(() => programs.moves(make, steps).at(-1)),
      ]),
    ),
  ),
  rows: entries(programs.ROWS, (_, program) => ({ "": answered(program) })),
  mean: entries(programs.MEAN, (_, program) => ({ "": answered(program) })),
  numbers: {
    float32: {
      program: '"float32"',
      answers: {
        softmax: answered(gaps),
        tanh: answered(() => firstFrom(programs.tanh(grid), 1)),
        sigmoid: answered(() => firstFrom(programs.sigmoid(grid), 1)),
        "sigmoid-0": answered(() => firstFrom(programs.sigmoid(grid.map((x) => -x)), 0)),
        "swallowed-down": answered(() => swallowed(1)),
        "swallowed-up": answered(() => swallowed(-1)),
        subnormal: answered(() => (programs.step(0, ...subnormal.float32) ? "kept" : "lost")),
      },
    },
  },
};

const before = text.slice(0, text.indexOf("export const KINKS")).trim();
console.log(JSON.stringify({ before, pages }));
