import type { ClaimResult } from "../result.js";
import { decide } from "../statistics.js";
import type { Synthetic } from "./synthetic.js";
import type { Mixture, Through } from "./trained.js";

/** What one seed comes to. */
export interface Summary {
  readonly synthetic: Synthetic;
  readonly trained: Record<Mixture, Through>;
}

/** Rounding, relative to the term through σ alone: in formulas of a few sums, and in a whole network. */
const ROUNDING = 1e-12;
const NETWORK_ROUNDING = 1e-10;

/** A share of order 1. */
const PASSES = 0.1;

/** What ε lets through of the diagonal of a trained network is a hundredth at most. */
const LEAK = 0.01;

interface Statement {
  readonly id: string;
  readonly statement: string;
  readonly measure: string;
  readonly relation: "at least" | "at most";
  readonly bound: number;
  readonly of: (summary: Summary) => number;
}

const most = (bound: number) => ({ relation: "at most", bound }) as const;
const least = (bound: number) => ({ relation: "at least", bound }) as const;
const both = ({ synthetic }: Summary) => synthetic.shares["both phases"];
const alone = ({ synthetic }: Summary) => synthetic.shares["standardization alone"];
const oneClass = ({ trained }: Summary) => trained["one-class"];
const mixed = ({ trained }: Summary) => trained.mixed;

const statements: readonly Statement[] = [
  {
    id: "first-blocked",
    statement: "Nothing of the first order reaches X, for random X, γ, β, ẑ and g.",
    measure: "largest share of ∂L_grad/∂X relative to the term through σ alone",
    ...most(ROUNDING),
    of: (s) => both(s).first.max,
  },
  {
    id: "diagonal-blocked",
    statement: "Nothing of the diagonal of the second order reaches X at ε = 0.",
    measure: "largest share of ∂L_diag/∂X, ε = 0",
    ...most(ROUNDING),
    of: ({ synthetic }) => synthetic.diagonalWithoutLeak,
  },
  {
    id: "diagonal-leaks",
    statement: "At ε = 10⁻⁵ what reaches X of the diagonal is (ρ/σ)γ²H_dd y.",
    measure: "largest distance of ∂L_diag/∂X from the formula, relative to the term through σ alone",
    ...most(ROUNDING),
    of: ({ synthetic }) => synthetic.leakError,
  },
  {
    id: "off-diagonal-passes",
    statement: "The off-diagonal part of the second order does reach X.",
    measure: "mean share of ∂L_off/∂X",
    ...least(PASSES),
    of: (s) => both(s).off.mean,
  },
  {
    id: "higher-passes",
    statement: "So do the higher orders.",
    measure: "mean share of ∂R/∂X",
    ...least(PASSES),
    of: (s) => both(s).higher.mean,
  },
  {
    id: "affine-passes",
    statement: "The affine phase alone blocks nothing of any term.",
    measure: "largest |share − 1| of any term through z = γx + β",
    ...most(ROUNDING),
    of: ({ synthetic }) => synthetic.affineError,
  },
  {
    id: "standardization-blocks",
    statement: "The standardization phase alone blocks the first order.",
    measure: "largest share of ∂L_grad/∂X with γ = 1, β = 0",
    ...most(ROUNDING),
    of: (s) => alone(s).first.max,
  },
  {
    id: "standardization-leaks",
    statement: "The standardization phase alone blocks the diagonal but for the ε leak.",
    measure: "largest share of ∂L_diag/∂X with γ = 1, β = 0, ε = 10⁻⁵",
    ...most(LEAK),
    of: (s) => alone(s).diag.max,
  },
  {
    id: "trained-first-blocked",
    statement: "Trained network, one-class batch: nothing of the first order passes the last norm.",
    measure: "share of the first-order term that passes",
    ...most(NETWORK_ROUNDING),
    of: (s) => oneClass(s).first,
  },
  {
    id: "trained-diagonal-blocked",
    statement: "Trained network, one-class batch: the diagonal is blocked but for the ε leak.",
    measure: "share of the diagonal second-order term that passes",
    ...most(LEAK),
    of: (s) => oneClass(s).diag,
  },
  {
    id: "trained-off-diagonal-passes",
    statement: "Trained network, one-class batch: the off-diagonal part passes.",
    measure: "share of the off-diagonal second-order term that passes",
    ...least(PASSES),
    of: (s) => oneClass(s).off,
  },
  {
    id: "trained-higher-passes",
    statement: "Trained network, one-class batch: the higher orders pass.",
    measure: "share of the terms above second order that passes",
    ...least(PASSES),
    of: (s) => oneClass(s).higher,
  },
  {
    id: "mixed-shared-blocked",
    statement: "Mixed batch: of the first order, what the samples share is blocked.",
    measure: "share of the first-order term with the mean of g that passes",
    ...most(NETWORK_ROUNDING),
    of: (s) => mixed(s).firstShared,
  },
  {
    id: "mixed-differences-pass",
    statement: "Mixed batch: the first order passes, as the samples differ.",
    measure: "share of the first-order term that passes",
    ...least(PASSES),
    of: (s) => mixed(s).first,
  },
];

export const claimsOf = (summaries: readonly Summary[]): ClaimResult[] =>
  statements.map(({ of, ...claim }) => decide(claim, summaries.map(of)));
