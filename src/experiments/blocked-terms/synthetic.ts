import { meanOf } from "../../base/statistics.js";
import { Random } from "../../datasets/index.js";
import { addressesOf, diagonalLeak, remainder, taylorTerms } from "../../theory/index.js";
import { type Case, sampleCase } from "../../verify/cases.js";
import { randomExpansion } from "../../verify/expansions.js";
import { losses } from "../../verify/losses.js";
import { backward, forward, type Pass } from "../../verify/phases.js";
import { ownCode } from "../../verify/subject.js";
import { type ByTerm, byTerm, type TermName } from "./terms.js";

/** The ε of passes with a leak: PyTorch's default. */
const EPSILON = 1e-5;

export const phases = ["both phases", "standardization alone", "affine alone"] as const;
export type Phase = (typeof phases)[number];

/**
 * The numbers of random cases. A share is ‖∂term/∂X‖ divided by its value if the statistics were
 * constants, that is, if the gradient were only divided by σ (standardization) or multiplied by γ
 * (affine phase).
 */
export interface Synthetic {
  readonly shares: Readonly<Record<Phase, ByTerm<{ readonly mean: number; readonly max: number }>>>;
  /** Largest share of the diagonal term at ε = 0, through both phases. */
  readonly diagonalWithoutLeak: number;
  /** Largest distance of ∂L_diag/∂X from (ρ/σ)γ²H_dd y, relative to the term divided by σ. */
  readonly leakError: number;
  /** Largest |share − 1| of a term through the affine phase. */
  readonly affineError: number;
}

/**
 * Computes the shares of the Taylor terms for `cases` random X, γ, β, ẑ and H: docs/theory.md,
 * section 8, item 1.
 */
export function synthetic(cases: number, seed: number): Synthetic {
  const random = new Random(seed + 31_000);
  const shares = Object.fromEntries(phases.map((phase) => [phase, byTerm<number[]>(() => [])])) as Record<
    Phase,
    ByTerm<number[]>
  >;
  const [withoutLeak, leakErrors]: [number[], number[]] = [[], []];
  for (let i = 0; i < cases; i++) {
    const c = randomCase(i, random);
    const gradients = termsOf(c, random);
    for (const phase of phases) {
      const shown = throughPhase(phase, c, gradients);
      for (const [term, share] of Object.entries(shown)) shares[phase][term as TermName].push(share);
    }
    withoutLeak.push(shareOf(forward(ownCode, c, 0), gradients("diag")));
    leakErrors.push(leakError(forward(ownCode, c, EPSILON), gradients));
  }
  const affine = Object.values(shares["affine alone"]).flat();
  return {
    shares: Object.fromEntries(
      phases.map((phase) => [
        phase,
        byTerm((term) => ({ mean: meanOf(shares[phase][term]), max: Math.max(...shares[phase][term]) })),
      ]),
    ) as Synthetic["shares"],
    diagonalWithoutLeak: Math.max(...withoutLeak),
    leakError: Math.max(...leakErrors),
    affineError: Math.max(...affine.map((share) => Math.abs(share - 1))),
  };
}

/**
 * Draws a matrix (even trials) or feature maps (odd trials). Small cases are drawn again: with one
 * channel or two elements every term up to second order is blocked.
 */
function randomCase(trial: number, random: Random): Case {
  let c: Case;
  do c = sampleCase(trial % 2 === 0 ? "ordinary" : "N·H·W", random);
  while (c.channels < 2 || c.elements < 16);
  return c;
}

/** Gives ∂term/∂z as a function of z, for each Taylor term of one loss. */
type Gradients = ((term: TermName) => (z: Float64Array) => Float64Array) & { hessian: Float64Array };

/** Terms up to second order have random g and H. Higher orders come from a loss that has them. */
function termsOf({ layout, point, channels }: Case, random: Random): Gradients {
  const expansion = randomExpansion(point, random);
  const names = Object.keys(losses).filter((name) => name !== "quadratic");
  const loss = losses[names[random.below(names.length)]](channels, random);
  const of = (term: TermName) => (z: Float64Array) => {
    if (term === "higher") return remainder(loss, z, layout, point).gradient;
    const { first, diagonal, offDiagonal } = taylorTerms(z, layout, expansion);
    return { first, diag: diagonal, off: offDiagonal }[term].gradient;
  };
  return Object.assign(of, { hessian: expansion.hessian });
}

/** The share of each term that passes a phase. */
function throughPhase(phase: Phase, c: Case, gradients: Gradients): ByTerm<number> {
  if (phase === "affine alone") return byTerm((term) => throughAffine(c, gradients(term)));
  const plain = { ...c, gamma: c.gamma.map(() => 1), beta: c.beta.map(() => 0) };
  const pass = forward(ownCode, phase === "both phases" ? c : plain, EPSILON);
  return byTerm((term) => shareOf(pass, gradients(term)));
}

/** The share of a gradient at z that passes the whole normalization. */
function shareOf(pass: Pass, gradient: (z: Float64Array) => Float64Array): number {
  const { x, y } = backward(pass, gradient(pass.z));
  return norm(x) / norm(overSigma(pass, y));
}

/** The share of a gradient at z that passes the affine phase. */
function throughAffine(
  { x, gamma, beta, layout }: Case,
  gradient: (z: Float64Array) => Float64Array,
): number {
  const arriving = gradient(ownCode.affine(x, gamma, beta, layout));
  const { starts, offsets } = addressesOf(layout);
  let open = 0;
  for (const [d, start] of starts.entries())
    for (const offset of offsets) open += (gamma[d] * arriving[start + offset]) ** 2;
  return norm(ownCode.affineAdjoint(arriving, gamma, layout)) / Math.sqrt(open);
}

/** Distance of ∂L_diag/∂X from the formula of the leak, relative to the term divided by σ. */
function leakError(pass: Pass, gradients: Gradients): number {
  const { x, y } = backward(pass, gradients("diag")(pass.z));
  const { gamma, layout } = pass.case;
  const expected = diagonalLeak(gradients.hessian, gamma, pass.reference, layout);
  return norm(x.map((v, e) => v - expected[e])) / norm(overSigma(pass, y));
}

/** G/σ: the gradient at x if the statistics were constants. */
function overSigma({ case: { layout }, reference }: Pass, g: Float64Array): Float64Array {
  const result = new Float64Array(g.length);
  const { starts, offsets } = addressesOf(layout);
  for (const [d, start] of starts.entries())
    for (const offset of offsets) result[start + offset] = g[start + offset] / reference.sigma[d];
  return result;
}

const norm = (values: Float64Array): number => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
