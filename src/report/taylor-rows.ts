import type { LayerReport, TaylorReport } from "../audit/report/result.js";
import { plural, share, significant } from "./format.js";
import { layerNames } from "./sentences.js";

/** The Taylor terms of a layer as text, for the terminal and for the HTML page. */

/** One term as text. */
export interface TermRow {
  readonly name: string;
  /** Whether the row is the shared part of the term in the row above it. */
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

/** The terms in the order of the expansion. A shared part follows its term. */
export function termRows({ terms }: TaylorReport): TermRow[] {
  return Object.entries(names).map(([key, name]) => {
    const term: Term = terms[key as keyof typeof names];
    const isShared = key.endsWith("Shared");
    // The error of a shared part is itself shared, so it is blocked as the part is. Other errors
    // pass.
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

/** Below this share of `open`, a passed length is the rounding error of 0. */
const ROUNDING = 1e-12;

const isRounding = ({ passed, open }: Term): boolean => passed <= ROUNDING * open;

const withError = (value: number, error: number | undefined): string =>
  error === undefined ? significant(value, 3) : `${significant(value, 3)} ± ${significant(error, 1)}`;

/** Says where and how the loss was expanded. */
export function expansionInWords({ name }: LayerReport, taylor: TaylorReport): string {
  const { features, diagonal, frozen } = taylor;
  const found =
    diagonal.method === "exact"
      ? "The diagonal of the Hessian is exact."
      : `The diagonal of the Hessian is estimated from ${plural(diagonal.products, "random probe")} (seed ${diagonal.seed}); ± is one standard error.`;
  const held =
    frozen.length === 0
      ? ""
      : ` The statistics of ${layerNames(frozen.map((name) => ({ name })))} are held at their values on this batch.`;
  return `Taylor terms of the loss at ${name} around ẑ = β, ${plural(features, "feature")} a sample. ${found}${held}`;
}

/** Explains the columns of the terms, and their shared parts. */
export const TERMS_LEGEND =
  "∂/∂z: length of the term's gradient at the layer's output z. open: its length at the layer's input if mean and deviation were constants. passed: its actual length at the layer's input. through = passed / open. Terms can cancel each other in the whole gradient. shared: the same term with the mean derivative in place of each element's own derivative; the theorems say that only ε lets some of it pass.";
