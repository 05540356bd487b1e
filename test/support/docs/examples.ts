import { entryPoints } from "./public-api.js";

/** Name of the function that a runnable example calls for each value it shows. */
export const SHOW = "__show";

/**
 * An example as a program: imports of `blindspot/…` name source files, and every line that tells a
 * value in a comment passes the value and the comment to `__show`.
 */
export function runnable(example: string): string {
  const files = new Map(entryPoints().map(({ name, file }) => [name, file]));
  return example
    .replace(/from "(blindspot[\w/-]*)"/g, (text, name) =>
      files.has(name) ? `from "${process.cwd()}/${files.get(name)}"` : text,
    )
    .split("\n")
    .map(showing)
    .join("\n");
}

function showing(line: string): string {
  const logged = /^(.*?)\bconsole\.log\((.*)\); \/\/ (?:→ )?(.+)$/.exec(line);
  if (logged !== null) {
    const [, before, values, comment] = logged;
    return `${before}${SHOW}(${JSON.stringify(comment)}, ${values});`;
  }
  const arrow = /^(\s*)(?:(const (\w+) = .*);|(.*?);?) \/\/ → (.+)$/.exec(line);
  if (arrow === null) return line;
  const [, indent, statement, name, expression, comment] = arrow;
  const show = (value: string) => `${SHOW}(${JSON.stringify(comment)}, ${value});`;
  return statement === undefined ? indent + show(expression) : `${indent}${statement}; ${show(name)}`;
}

/**
 * Whether `printed`, one text for each value, is what the comment tells. Brackets, quotes and
 * commas do not count, numbers may be rounded in the comment, and `…` stands for the rest. A
 * comment in words tells no value.
 */
export function tellsTruth(comment: string, printed: readonly string[]): boolean {
  const expected = words(comment.replace(/^(true|false): .*$/, "$1"));
  if (!expected.every((word) => isValue(word) || word === "…")) return true;
  const actual = words(printed.join(" "));
  const open = expected.at(-1) === "…";
  const told = open ? expected.slice(0, -1) : expected;
  if (open ? actual.length < told.length : actual.length !== told.length) return false;
  return told.every((word, i) => sameWord(word, actual[i]));
}

const words = (text: string): string[] =>
  text
    .replace(/\b(Float32Array|Float64Array|Int32Array|Uint32Array|Uint8Array|Map|Set)\(\d+\)/g, "")
    .split(/[\s,[\]{}'"]+/)
    .filter((word) => word !== "" && word !== "≈");

const isValue = (word: string): boolean =>
  /^(true|false|null|undefined|[-−]?Infinity|NaN|\w+:)$/.test(word) || number(word) !== undefined;

function number(word: string): number | undefined {
  const text = word.replace("−", "-").replace("≈", "");
  return /^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text) ? Number(text) : undefined;
}

/** Numbers agree to the digits of `told`, and whole numbers to a relative 1e-6. */
function sameWord(told: string, actual: string): boolean {
  const [a, b] = [number(told), number(actual)];
  if (a === undefined || b === undefined) return told === actual;
  const [mantissa, exponent = "0"] = told.toLowerCase().split("e");
  const digits = mantissa.split(".")[1]?.length ?? 0;
  const half = digits === 0 && exponent === "0" ? 0 : 0.5 * 10 ** (Number(exponent) - digits);
  return Math.abs(a - b) <= Math.max(half * 1.001, 1e-6 * Math.abs(a), 1e-12);
}
