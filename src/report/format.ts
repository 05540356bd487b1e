import type { LayerReport } from "../audit/report/result.js";

/** What stands where a value is absent. */
const ABSENT = "–";

/**
 * A share or ratio with three decimals, `9.3e-5` where that would show nothing. The same unit as in the JSON
 * and in `--fail-on`, so that what one reads can be typed.
 */
export function share(value: number | null | undefined): string {
  if (value === null || value === undefined) return ABSENT;
  if (value === 0) return "0";
  return Math.abs(value) >= 9.995e-4 ? value.toFixed(3) : value.toExponential(1);
}

/** A cosine: two decimals; never `-0.00`. */
export function cosine(value: number | null | undefined): string {
  return value === null || value === undefined ? ABSENT : value.toFixed(2).replace(/^-(0\.00)$/, "$1");
}

/** A number of any size with `digits` significant digits: `4.894`, `0.0145`, `5.7e-4`, `1.2e+6`. */
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

/** A whole number with thin spaces between groups of three digits from five digits on. */
export function count(value: number): string {
  const digits = String(value);
  return digits.length < 5 ? digits : digits.replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/** `0.31 s`, `12 s`, `3 min 20 s`. */
export function duration(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 10) return `${seconds.toFixed(2)} s`;
  if (seconds < 119.5) return `${seconds.toFixed(0)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** `1 layer`, `3 layers`. */
export const plural = (n: number, one: string, many = `${one}s`): string =>
  `${count(n)} ${n === 1 ? one : many}`;

/** The last part of a path, in either separator. */
export const baseName = (path: string): string => path.split(/[\\/]/).at(-1) || path;

const shortOps: readonly (readonly [operator: RegExp, short: string])[] = [
  [/^(SimplifiedLayer|RMS)/, "rms"],
  [/^Batch/, "batch"],
  [/^Layer/, "layer"],
  [/^Instance/, "instance"],
  [/^Group/, "group"],
];

/** The kind of normalization in one word; operators without a usual short name keep theirs. */
export const shortOp = ({ op }: Pick<LayerReport, "op">): string =>
  shortOps.find(([operator]) => operator.test(op))?.[1] ?? op;

/**
 * Text from a model file made fit to show: line breaks become spaces, other control characters and overrides
 * of the writing direction become `�`. They must never reach a terminal.
 */
export function printable(text: string): string {
  return text.replace(/[\t\r\n]+/g, " ").replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "\ufffd");
}
