import { Random } from "../base/random.js";
import {
  add,
  constant,
  dtypeOf,
  matmul,
  mul,
  reshape,
  square,
  sub,
  sum,
  type Traced,
} from "../engine/lang/index.js";
import { channelRows, runLength } from "./channel-rows.js";

/** The two sides of the identity that must always hold (docs/theory.md, section 6): ∂L/∂x + blocked parts = G/σ. */
export interface Identity {
  /** ∂L/∂x by automatic differentiation. */
  readonly actual: Traced;
  /** The blocked parts, divided by σ. */
  readonly blocked: readonly Traced[];
  readonly cotangent: Traced;
  /** 1/σ, which broadcasts against the others. */
  readonly inverse: Traced;
}

/** ‖∂L/∂x + blocked − G/σ‖². */
export const identityError = ({ actual, blocked, cotangent, inverse }: Identity): Traced =>
  squaredNorm(sub([actual, ...blocked].reduce(add), mul(cotangent, inverse)));

/** A sign for each element of a run; more of them would round more and save little. */
const RUN = 128;

/**
 * The same from a few numbers instead of all: with random signs s, E ⟨s, e⟩² = ‖e‖² for every e, so each run of 128
 * elements of a channel of the error is replaced by its product with s. What is summed are thousands of such squares, and the
 * estimate is within a few percent of the norm. Each tensor is read once and none written, where the norm itself takes five
 * passes over tensors of this size. For batch normalization of [N, C, …].
 */
export function estimatedIdentityError({ actual, blocked, cotangent, inverse }: Identity): Traced {
  const channels = actual.shape[1];
  const run = runLength(actual.size / channels, RUN);
  const random = new Random(0);
  const signs = Float32Array.from({ length: run }, () => (random.bits() & 1 ? 1 : -1));
  const row = constant(signs, [1, run], dtypeOf(actual));
  const project = (x: Traced) => matmul(row, channelRows(x, run));
  const open = mul(project(cotangent), reshape(inverse, [channels]));
  return squaredNorm(sub([actual, ...blocked].map(project).reduce(add), open));
}

const squaredNorm = (x: Traced): Traced => sum(square(x));
