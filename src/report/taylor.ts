import type { LayerReport, TaylorReport } from "../audit/report/result.js";
import { plural, share, significant } from "./format.js";
import { layerNames } from "./words.js";

/** What the Taylor terms of a layer say, for the terminal and the HTML page alike. */

/** One term as text. */
export interface TermRow {
  readonly name: string;
  /** The part of the term above that all elements share. */
  readonly isShared: boolean;
  readonly gradient: string;
  readonly open: string;
  readonly passed: string;
  /** passed / open. */
  readonly through: string;
}

type Term = TaylorReport["terms"]["diag"];

const names: Record<keyof TaylorReport["terms"], string> = {
  first: "first order",
  firstShared: "shared",
  diag: "second order, diagonal",
  diagShared: "shared",
  off: "second order, off-diagonal",
  higher: "higher orders",
  whole: "whole gradient",
};

/** The terms in the order of the expansion, each with its shared part under it. */
export function termRows({ terms }: TaylorReport): TermRow[] {
  return Object.entries(names).map(([key, name]) => {
    const term: Term = terms[key as keyof typeof names];
    const isShared = key.endsWith("Shared");
    // Noise in a shared part is shared too, and blocked like it; other noise passes.
    const passedError = isShared ? undefined : term.error?.open;
    return {
      name,
      isShared,
      gradient: withError(term.gradient, term.error?.gradient),
      open: withError(term.open, term.error?.open),
      passed: isRounding(term) ? "≈ 0" : withError(term.passed, passedError),
      through:
        term.open === 0 ? share(null) : isRounding(term) ? `< ${ROUNDING}` : share(term.passed / term.open),
    };
  });
}

/** Relative size below which what passes is rounding of a 0. */
const ROUNDING = 1e-12;

const isRounding = ({ passed, open }: Term): boolean => passed <= ROUNDING * open;

const withError = (value: number, error: number | undefined): string =>
  error === undefined ? significant(value, 3) : `${significant(value, 3)} ± ${significant(error, 1)}`;

/** Where and how the loss was expanded. */
export function expansionInWords({ name }: LayerReport, taylor: TaylorReport): string {
  const { features, diagonal, frozen } = taylor;
  const found =
    diagonal.method === "exact"
      ? "the diagonal of its Hessian is exact"
      : `the diagonal of its Hessian is estimated from ${plural(diagonal.products, "random probe")} (seed ${diagonal.seed}), ± is one standard error`;
  const held =
    frozen.length === 0 ? "" : `; the statistics of ${layerNames(frozen.map((name) => ({ name })))} are held`;
  return `Taylor terms of the loss at ${name}, around ẑ = β, ${plural(features, "feature")} a sample; ${found}${held}.`;
}

export const TERMS_LEGEND =
  "∂/∂z: length of the term's gradient at the layer's output; open: at its input, if mean and deviation were constants; passed: what does reach the input; through = passed / open. Terms of different sign cancel in the whole. shared: with the mean of all elements in place of each one's own derivative, which the theorems say is blocked but for ε.";
