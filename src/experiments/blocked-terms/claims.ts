import { atLeast, atMost, type ClaimTable } from "../claims.js";
import type { Summary } from "./summary.js";

/** Bound for rounding errors, relative to the term through σ alone: formulas made of a few sums. */
const ROUNDING = 1e-12;
/** The same bound for a whole network. */
const NETWORK_ROUNDING = 1e-10;

/** A term passes where at least this share of it reaches X. */
const PASSES = 0.1;

/** Bound for the share of the diagonal that ε lets through. */
const LEAK = 0.01;

const both = ({ synthetic }: Summary) => synthetic.shares["both phases"];
const alone = ({ synthetic }: Summary) => synthetic.shares["standardization alone"];
const oneClass = ({ trained }: Summary) => trained["one-class"];
const mixed = ({ trained }: Summary) => trained.mixed;

/** Claims about Taylor terms. The only condition is batch norm. */
const conditions = ["bn"] as const;

export const claims: ClaimTable<(typeof conditions)[number], Summary> = [
  {
    id: "first-blocked",
    statement: "The first-order term does not reach X, for random X, γ, β, ẑ and g.",
    source: "Zhou et al. 2024, Theorem 1",
    measure: "largest share of ∂L_grad/∂X relative to the term through σ alone",
    ...atMost(ROUNDING),
    conditions,
    value: (s) => both(s).first.max,
  },
  {
    id: "diagonal-blocked",
    statement: "At ε = 0 the diagonal second-order term does not reach X.",
    source: "Zhou et al. 2024, Theorem 2",
    measure: "largest share of ∂L_diag/∂X, ε = 0",
    ...atMost(ROUNDING),
    conditions,
    value: ({ synthetic }) => synthetic.diagonalWithoutLeak,
  },
  {
    id: "diagonal-leaks",
    statement: "At ε = 10⁻⁵ the part of the diagonal term that reaches X is (ρ/σ)γ²H_dd y.",
    source: "our own formula for ε > 0",
    measure: "largest distance of ∂L_diag/∂X from the formula, relative to the term through σ alone",
    ...atMost(ROUNDING),
    conditions,
    value: ({ synthetic }) => synthetic.leakError,
  },
  {
    id: "off-diagonal-passes",
    statement: "The off-diagonal second-order term reaches X.",
    source: "our own complement of Theorems 1 and 2",
    measure: "mean share of ∂L_off/∂X",
    ...atLeast(PASSES),
    conditions,
    value: (s) => both(s).off.mean,
  },
  {
    id: "higher-passes",
    statement: "The terms of higher order reach X.",
    source: "our own complement of Theorems 1 and 2",
    measure: "mean share of ∂R/∂X",
    ...atLeast(PASSES),
    conditions,
    value: (s) => both(s).higher.mean,
  },
  {
    id: "affine-passes",
    statement: "The affine phase alone blocks no part of any term.",
    source: "Zhou et al. 2024: the standardization phase is the cause",
    measure: "largest |share − 1| of any term through z = γx + β",
    ...atMost(ROUNDING),
    conditions,
    value: ({ synthetic }) => synthetic.affineError,
  },
  {
    id: "standardization-blocks",
    statement: "The standardization phase alone blocks the first-order term.",
    source: "Zhou et al. 2024: the standardization phase is the cause",
    measure: "largest share of ∂L_grad/∂X with γ = 1, β = 0",
    ...atMost(ROUNDING),
    conditions,
    value: (s) => alone(s).first.max,
  },
  {
    id: "standardization-leaks",
    statement: "The standardization phase alone blocks the diagonal term except for the ε leak.",
    source: "Zhou et al. 2024: the standardization phase is the cause",
    measure: "largest share of ∂L_diag/∂X with γ = 1, β = 0, ε = 10⁻⁵",
    ...atMost(LEAK),
    conditions,
    value: (s) => alone(s).diag.max,
  },
  {
    id: "trained-first-blocked",
    statement: "Trained network, one-class batch: no part of the first-order term passes the last norm.",
    source: "Zhou et al. 2024, Theorem 1",
    measure: "share of the first-order term that passes",
    ...atMost(NETWORK_ROUNDING),
    conditions,
    value: (s) => oneClass(s).first,
  },
  {
    id: "trained-diagonal-blocked",
    statement: "Trained network, one-class batch: the diagonal term is blocked except for the ε leak.",
    source: "Zhou et al. 2024, Theorem 2",
    measure: "share of the diagonal second-order term that passes",
    ...atMost(LEAK),
    conditions,
    value: (s) => oneClass(s).diag,
  },
  {
    id: "trained-off-diagonal-passes",
    statement: "Trained network, one-class batch: the off-diagonal term passes.",
    source: "our own complement of Theorems 1 and 2",
    measure: "share of the off-diagonal second-order term that passes",
    ...atLeast(PASSES),
    conditions,
    value: (s) => oneClass(s).off,
  },
  {
    id: "trained-higher-passes",
    statement: "Trained network, one-class batch: the terms of higher order pass.",
    source: "our own complement of Theorems 1 and 2",
    measure: "share of the terms above second order that passes",
    ...atLeast(PASSES),
    conditions,
    value: (s) => oneClass(s).higher,
  },
  {
    id: "mixed-shared-blocked",
    statement: "Mixed batch: the part of the first-order term that all samples share is blocked.",
    source: "Zhou et al. 2024, corollary to Theorems 1 and 2",
    measure: "share of the first-order term with the mean of g that passes",
    ...atMost(NETWORK_ROUNDING),
    conditions,
    value: (s) => mixed(s).firstShared,
  },
  {
    id: "mixed-differences-pass",
    statement: "Mixed batch: the first-order term passes because the samples differ.",
    source: "Zhou et al. 2024, corollary to Theorems 1 and 2",
    measure: "share of the first-order term that passes",
    ...atLeast(PASSES),
    conditions,
    value: (s) => mixed(s).first,
  },
];
