import type { Random } from "../../base/random.js";
import { type Element, RootAlgebra } from "./algebra.js";
import { deviations, type ExactCase, features, rationals, terms } from "./cases.js";
import { Rational } from "./rational.js";
import { type ExactStandardization, mean, moments } from "./standardization.js";

/**
 * A statement in exact arithmetic at ε = 0. Derivatives come from an infinitesimal that goes
 * through the definition of the normalization, not from the formula of the adjoint.
 */
export interface ExactCheck {
  /** Also seeds the random numbers of the check. */
  readonly id: string;
  /** In words, short enough for one line of a terminal. */
  readonly statement: string;
  /** The paper or the section of docs/theory.md that makes the statement. */
  readonly source: string;
  /**
   * "vanishes": every number that `run` yields must be 0, up to a small probability of error.
   * "differs": no number may be 0. One example proves this claim.
   */
  readonly claim: "vanishes" | "differs";
  /**
   * For "vanishes": total degree of the numerators of the numbers, as polynomials in all random
   * variables (X, γ, β, ẑ, g, H, …). The denominators are powers of the variances.
   * For "differs": 0.
   */
  readonly degree: number;
  /** D and n of the cases. */
  readonly shapes: readonly (readonly [channels: number, elements: number])[];
  /** Yields the numbers of one case. */
  run(trial: ExactTrial): Iterable<Element>;
}

/** The input of an exact check. */
export interface ExactTrial {
  readonly standardization: ExactStandardization;
  readonly case: ExactCase;
  readonly algebra: RootAlgebra;
  readonly random: Random;
}

const SHAPES = [
  [3, 5],
  [2, 8],
  [1, 4],
  [4, 3],
  [2, 2],
] as const;

/** ∂(loss of u)/∂x_dj for every channel d and element j, with u = z − ẑ. */
function* derivatives(
  { standardization, case: c, algebra }: ExactTrial,
  loss: (u: Element[][]) => Element,
): Generator<Element> {
  for (const [d, row] of c.x.entries())
    for (const j of row.keys()) {
      const basis = (channel: number, element: number) =>
        channel === d && element === j ? Rational.one : Rational.zero;
      const x = features(algebra, c, basis);
      yield loss(deviations(algebra, standardization, c, x)).derivative(1);
    }
}

/** The closed-form adjoint applied to G = γ·∂L/∂z. */
function* adjoint(
  { standardization, case: c, algebra }: ExactTrial,
  gradient: (d: number, u: readonly Element[][]) => Element[],
): Generator<Element> {
  const x = features(algebra, c);
  const u = deviations(algebra, standardization, c, x);
  for (const d of c.x.keys()) {
    const g = gradient(d, u).map((v) => v.scaled(c.gamma[d]));
    yield* standardization.adjoint(algebra, d, x[d], g);
  }
}

/** Differences of two sequences of equal length. */
function* difference(a: Iterable<Element>, b: Iterable<Element>): Generator<Element> {
  const others = [...b];
  for (const [k, element] of [...a].entries()) yield element.minus(others[k]);
}

const first = (c: ExactCase) => (u: Element[][]) => terms.first(u, (d) => c.gradient[d]);
const diagonal = (c: ExactCase) => (u: Element[][]) => terms.diagonal(u, (d) => c.hessian[d][d]);
const offDiagonal =
  ({ case: c, algebra }: ExactTrial) =>
  (u: Element[][]) =>
    terms.offDiagonal(u, (d, e) => c.hessian[d][e], algebra.rational(0));

/**
 * All exact checks, in the order of the table.
 *
 * The comment behind each degree is the product of factors that gives the degree:
 *
 *     c = x − μ has degree 1      y = c·t
 *     v         has degree 2      dy = t·P/v with P = dc·v − c·dv/2, of degree 2 for a constant dx
 */
export const exactChecks: readonly ExactCheck[] = [
  {
    id: "exact-theorem-1",
    statement: "∂L_grad/∂x = 0, any ẑ",
    source: "Zhou et al. 2024, theorem 1; docs/theory.md, section 3",
    claim: "vanishes",
    degree: 4, // g γ P
    shapes: SHAPES,
    run: (trial) => derivatives(trial, first(trial.case)),
  },
  {
    id: "exact-theorem-2",
    statement: "∂L_diag/∂x = 0, any ẑ",
    source: "Zhou et al. 2024, theorem 2; docs/theory.md, section 3",
    claim: "vanishes",
    degree: 6, // H γ² c P
    shapes: SHAPES,
    run: (trial) => derivatives(trial, diagonal(trial.case)),
  },
  {
    id: "exact-adjoint",
    statement: "∂L/∂x = (G − mean G − y·mean(G∘y))/σ, any G",
    source: "docs/theory.md, section 2",
    claim: "vanishes",
    degree: 4, // w γ P
    shapes: SHAPES,
    run(trial) {
      const w = trial.case.x.map((row) => rationals(trial.random, row.length));
      return difference(
        derivatives(trial, (u) => terms.first(u, (d, i) => w[d][i])),
        adjoint(trial, (d) => w[d].map((v) => trial.algebra.rational(v))),
      );
    },
  },
  {
    id: "exact-off-diagonal",
    statement: "∂L_off/∂x_d = (γ_d/σ_d) Σ H_de γ_e (y_e − C_de y_d)",
    source: "docs/theory.md, section 4",
    claim: "vanishes",
    degree: 6, // H γ_d γ_e c_e P_d
    shapes: [
      [3, 5],
      [2, 8],
      [4, 3],
    ],
    run: (trial) => difference(derivatives(trial, offDiagonal(trial)), offDiagonalForm(trial)),
  },
  {
    id: "exact-off-diagonal-passes",
    statement: "∂L_off/∂x is not 0, at any element",
    source: "Zhou et al. 2024, section 3; docs/theory.md, section 4",
    claim: "differs",
    degree: 0,
    shapes: [
      [3, 5],
      [2, 8],
      [4, 4],
    ],
    run: (trial) => derivatives(trial, offDiagonal(trial)),
  },
  {
    id: "exact-third-order-passes",
    statement: "∂Σ t_d(z_d−ẑ_d)³/∂x is not 0, at any element",
    source: "Zhou et al. 2024, section 3; docs/theory.md, section 4",
    claim: "differs",
    degree: 0,
    shapes: [
      [3, 5],
      [2, 8],
      [1, 4],
    ],
    run: (trial) => derivatives(trial, (u) => terms.third(u, (d) => trial.case.gradient[d])),
  },
  {
    id: "exact-correlated",
    statement: "Perfectly correlated channels: ∂L_off/∂x = 0 too",
    source: "docs/theory.md, section 4",
    claim: "vanishes",
    degree: 8, // H γ_d γ_e c_d P_e; x_e = a x_d + b has degree 2, so c_e has 2, dv 3, P_e 4
    shapes: [
      [3, 5],
      [2, 8],
      [4, 3],
    ],
    run(trial) {
      const correlated = { ...trial, algebra: new RootAlgebra({ identify: true }), case: correlate(trial) };
      return derivatives(correlated, offDiagonal(correlated));
    },
  },
  {
    id: "exact-corollary",
    statement: "Formulas that differ: only differences from ḡ and diag H̄ pass",
    source: "Zhou et al. 2024, corollary 1; docs/theory.md, section 4",
    claim: "vanishes",
    degree: 6, // H γ² c P
    shapes: SHAPES,
    run(trial) {
      const perSample = () => trial.case.x.map((row) => rationals(trial.random, row.length));
      const [g, h] = [perSample(), perSample()];
      const centred = (rows: Rational[][]) =>
        rows.map((row) => {
          const average = row.reduce((a, b) => a.plus(b)).over(Rational.of(row.length));
          return row.map((value) => value.minus(average));
        });
      const loss = (g: Rational[][], h: Rational[][]) => (u: Element[][]) =>
        terms.first(u, (d, i) => g[d][i]).plus(terms.diagonal(u, (d, i) => h[d][i]));
      return difference(derivatives(trial, loss(g, h)), derivatives(trial, loss(centred(g), centred(h))));
    },
  },
  {
    id: "exact-hessian",
    statement: "∂²L_grad/∂x² = 0 and ∂²L_diag/∂x² = 0, along any two directions",
    source: "docs/theory.md, section 5",
    claim: "vanishes",
    // H γ² P P′ over v³, where dx has degree 1 and P has 3. The denominators of up to three other
    // channels, v³ each, multiply the numerator.
    degree: 9 + 3 * 6,
    shapes: SHAPES,
    *run(trial) {
      const { standardization, case: c, algebra, random } = trial;
      const direction = () => {
        const rows = c.x.map((row) => rationals(random, row.length));
        return (d: number, i: number) => rows[d][i];
      };
      const u = deviations(algebra, standardization, c, features(algebra, c, direction(), direction()));
      yield first(c)(u).derivative(3);
      yield diagonal(c)(u).derivative(3);
    },
  },
  {
    id: "exact-weights",
    statement: "Weights below, x = W a: ∂L_grad/∂W = 0 and ∂L_diag/∂W = 0",
    source: "Zhou et al. 2024, section 3; docs/theory.md, section 5",
    claim: "vanishes",
    degree: 10, // H γ² c P; x = W a has degree 2, so c has 2, dx 1, P 5
    shapes: SHAPES,
    *run(trial) {
      const inputs = 3;
      const a = Array.from({ length: inputs }, () => rationals(trial.random, trial.case.x[0].length));
      const weights = trial.case.x.map(() => rationals(trial.random, inputs));
      const product = (row: readonly Rational[], i: number) =>
        row.reduce((total, w, k) => total.plus(w.times(a[k][i])), Rational.zero);
      const x = weights.map((row, d) => trial.case.x[d].map((_, i) => product(row, i)));
      const below = { ...trial, case: { ...trial.case, x }, algebra: new RootAlgebra() };
      const { standardization, case: c, algebra } = below;
      for (const d of weights.keys())
        for (let k = 0; k < inputs; k++) {
          const moved = features(algebra, c, (channel, i) => (channel === d ? a[k][i] : Rational.zero));
          const u = deviations(algebra, standardization, c, moved);
          yield first(c)(u).derivative(1);
          yield diagonal(c)(u).derivative(1);
        }
    },
  },
];

/** The closed form of ∂L_off/∂x: (γ_d/σ_d) Σ_{e≠d} H_de·γ_e·(y_e − C_de·y_d). */
function* offDiagonalForm({ standardization, case: c, algebra }: ExactTrial): Generator<Element> {
  const x = features(algebra, c);
  const y = x.map((row, d) => standardization.standardize(algebra, d, row));
  for (const d of y.keys()) {
    const outer = moments(algebra, d, x[d]).inverseSigma.scaled(c.gamma[d]);
    for (const j of y[d].keys()) {
      let total = algebra.rational(0);
      for (const e of y.keys()) {
        if (e === d) continue;
        const correlation = mean(y[d].map((v, i) => v.times(y[e][i])));
        const rest = y[e][j].minus(correlation.times(y[d][j]));
        total = total.plus(rest.scaled(c.hessian[d][e].times(c.gamma[e])));
      }
      yield total.times(outer);
    }
  }
}

/** The case with every channel a positive multiple of the first one, shifted. */
function correlate({ case: c, random }: ExactTrial): ExactCase {
  const x = c.x.map((_, d) => {
    if (d === 0) return c.x[0];
    const [slope, shift] = rationals(random, 2);
    const positive = slope.numerator < 0n ? Rational.zero.minus(slope) : slope;
    return c.x[0].map((value) => positive.times(value).plus(shift));
  });
  return { ...c, x };
}
