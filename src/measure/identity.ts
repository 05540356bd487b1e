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
import type { BlockedParts } from "./blocked-parts.js";
import { channelRows, runLength } from "./channel-rows.js";

/**
 * The identity that every layer must satisfy: ∂L/∂x + blocked parts = G/σ. ∂L/∂x comes from
 * automatic differentiation, the blocked parts from the closed form (docs/theory.md, section 6).
 */
export interface Identity extends Pick<BlockedParts, "inverse"> {
  /** The parts of G/σ that never reach x, each in the shape of y. */
  readonly blocked: readonly Traced[];
  /** ∂L/∂x by automatic differentiation. */
  readonly actual: Traced;
  /** G = ∂L/∂y. */
  readonly cotangent: Traced;
}

/** ‖∂L/∂x + blocked − G/σ‖². */
export const identityError = ({ actual, blocked, cotangent, inverse }: Identity): Traced =>
  squaredNorm(sub([actual, ...blocked].reduce(add), mul(cotangent, inverse)));

/** Elements that share one random sign vector. A longer run rounds more and saves little time. */
const RUN = 128;

/**
 * An estimate of `identityError` that reads each tensor once and writes none; the exact norm takes
 * five passes over tensors of this size. For batch normalization of [N, C, …].
 *
 * For every vector e and random signs s, the expectation of ⟨s, e⟩² is ‖e‖². So each run of 128
 * elements of a channel is replaced by its product with s. Thousands of such squares are summed,
 * and the estimate is within a few percent of the norm.
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
