import type { LayerReport } from "../audit/report/result.js";

/** Stands for a value that is absent. */
const ABSENT = "–";

/**
 * Writes a share or ratio with three decimals, or as `9.3e-5` below 0.001. The unit is that of the
 * JSON and of `--fail-on`, so a reader can copy a number from a report into a condition.
 */
export function share(value: number | null | undefined): string {
  if (value === null || value === undefined) return ABSENT;
  if (value === 0) return "0";
  return Math.abs(value) >= 9.995e-4 ? value.toFixed(3) : value.toExponential(1);
}

/** Writes a cosine with two decimals, and never as `-0.00`. */
export function cosine(value: number | null | undefined): string {
  return value === null || value === undefined ? ABSENT : value.toFixed(2).replace(/^-(0\.00)$/, "$1");
}

/** Writes a number with `digits` significant digits: `4.894`, `0.0145`, `5.7e-4`, `1.2e+6`. */
export function significant(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined) return ABSENT;
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e6) return exponent(value, digits);
  return Number(value.toPrecision(digits)).toString();
}

function exponent(value: number, digits: number): string {
  return value.toExponential(digits - 1).replace(/\.?0+e/, "e");
}

/** Writes a whole number. From five digits on, thin spaces separate groups of three digits. */
export function count(value: number): string {
  const digits = String(value);
  return digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** Writes a time: `0.31 s`, `12 s`, `3 min 20 s`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 119.5) return `${seconds.toFixed(0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** Writes a number with its noun: `1 layer`, `3 layers`. */
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;

/** The last part of a path with slashes or backslashes. */
export const baseName = (path: string): string => path.split(/[\\/]/).at(-1) || path;

const shortOps: readonly (readonly [operator: RegExp, short: string])[] = [
  [/^(SimplifiedLayer|RMS)/, "rms"],
  [/^Batch/, "batch"],
  [/^Layer/, "layer"],
  [/^Instance/, "instance"],
  [/^Group/, "group"],
];

/**
 * The kind of normalization in one word, such as `batch`; the operator itself if it has no short
 * name.
 */
export const shortOp = ({ op, mode }: Pick<LayerReport, "op" | "mode">): string =>
  mode === "frozen" ? "frozen" : (shortOps.find(([operator]) => operator.test(op))?.[1] ?? op);

/**
 * Makes text from a model file safe to show on a terminal or a page: line breaks become spaces;
 * other control characters and overrides of the writing direction become `�`.
 */
export function printable(text: string): string {
  return text.replace(/[\t\r\n]+/g, " ").replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}
