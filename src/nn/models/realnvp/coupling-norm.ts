import { UserError } from "../../../base/errors.js";
import {
  abs,
  add,
  div,
  exp,
  log,
  mul,
  neg,
  reshape,
  sqrt,
  stopGradient,
  sub,
  type Traced,
} from "../../../engine/lang/index.js";
import { constantValue } from "../../initializers.js";
import type { Pass, Registry } from "../../network.js";
import { batchAxes, type Moments, moments, perChannel } from "../../norms/moments.js";
import type { DeclaredTensor } from "../../norms/norm.js";
import { EPSILON, MOMENTUM, runningStatistics, updateRunning } from "../../norms/running.js";
import type { NormName } from "../../norms/table.js";

/**
 * A norm after a coupling as an affine map of each element: z = (x − center)/divisor. Its
 * log-determinant is −Σ log|divisor| over the elements that it maps.
 */
export interface Standardization {
  /** Broadcasts against x. */
  readonly center: Traced;
  /** Broadcasts against x. */
  readonly divisor: Traced;
}

/**
 * Returns the standardization of x in a pass; null: the coupling has no norm. In evaluation, it
 * depends on the shape of x alone.
 */
export type CouplingNorm = (pass: Pass, x: Traced) => Standardization | null;

/** A norm that has an inverse: it can follow a coupling. */
interface InvertibleNorm {
  /** Parameters and running statistics. */
  state(channels: number): readonly DeclaredTensor[];
  /** The standardization in training. */
  training(x: Traced, state: readonly Traced[]): Standardization;
  /** The standardization in evaluation. Reads the shape of x, not its elements. */
  evaluation(x: Traced, state: readonly Traced[]): Standardization;
  /** The running statistics after a training batch x. */
  readonly update?: (x: Traced, state: readonly Traced[]) => Traced[];
}

/** z = (x − μ)/√(v + ε). */
const by = ({ mean, variance }: Moments): Standardization => ({
  center: mean,
  divisor: sqrt(add(variance, EPSILON)),
});

const byRunning = (x: Traced, [mean, variance]: readonly Traced[]): Standardization =>
  by({ mean: perChannel(mean, x), variance: perChannel(variance, x) });

/** Batch norm: one mean and variance per channel. */
const batch: InvertibleNorm = {
  state: (channels) => runningStatistics([1, channels]),
  training: (x) => by(moments(x, batchAxes(x))),
  evaluation: byRunning,
  update: (x, state) => updateRunning(state, moments(x, batchAxes(x)), x.size / x.shape[1], MOMENTUM),
};

/** One mean and one variance of all elements of the batch. */
const wholeBatch: InvertibleNorm = {
  state: () => runningStatistics([1, 1]),
  training: (x) => by(moments(x, allAxes(x))),
  evaluation: (x, [mean, variance]) => {
    const one = (value: Traced) =>
      reshape(
        value,
        x.shape.map(() => 1),
      );
    return by({ mean: one(mean), variance: one(variance) });
  },
  update: (x, state) => updateRunning(state, moments(x, allAxes(x)), x.size, MOMENTUM),
};

const allAxes = (x: Traced): number[] => x.shape.map((_, axis) => axis);

/** ActNorm: z = (x + b)·e^s per channel, with trained b and s. */
const actNorm: InvertibleNorm = {
  state: (channels) => [
    { name: "bias", shape: [channels], initial: 0, trainable: true },
    { name: "logs", shape: [channels], initial: 0, trainable: true },
  ],
  training: (x, state) => actNorm.evaluation(x, state),
  evaluation: (x, [bias, logScale]) => ({
    center: neg(perChannel(bias, x)),
    divisor: exp(neg(perChannel(logScale, x))),
  }),
};

/** Every norm that can follow a coupling; null: no norm. A new norm is one entry. */
const invertibleNorms = {
  bn: batch,
  ln: wholeBatch,
  detached: { ...batch, training: (x) => by(moments(stopGradient(x), batchAxes(x))) },
  frozen: { state: batch.state, training: byRunning, evaluation: byRunning },
  actnorm: actNorm,
  none: null,
} satisfies Partial<Record<NormName, InvertibleNorm | null>>;

const isInvertible = (name: string): name is keyof typeof invertibleNorms =>
  Object.hasOwn(invertibleNorms, name);

interface CouplingNormOptions {
  /** Name of the norm. */
  readonly norm: NormName;
  /** Channels that the coupling changes. */
  readonly channels: number;
  /** Whether trained γ and β per channel follow the standardization. */
  readonly affine: boolean;
}

/**
 * Makes the norm that follows a coupling. The log-determinant treats the statistics of the batch as
 * constants. For batch norm it is, per position,
 *
 *     −½ Σ_c log(v_c + ε), plus Σ_c log|γ_c| with `affine`
 *
 * `ln` is not layer normalization. Layer normalization maps every scale and shift of an image to
 * the same point, so it has no inverse. Instead, `ln` follows the code of Zhou et al. (arXiv
 * 2205.15146) in its flow with layer norm: one mean and one variance for all elements of the batch,
 * and running values of both for evaluation. So `ln` blocks two directions per batch, and batch
 * norm blocks two directions per channel. (That code pools its running values from running values
 * per channel.)
 *
 * Source: Dinh, Sohl-Dickstein and Bengio 2017, batch normalization. Throws a UserError if the
 * norm has no inverse.
 */
export function couplingNorm(
  registry: Registry,
  path: string,
  { norm: name, channels, affine }: CouplingNormOptions,
): CouplingNorm {
  if (!isInvertible(name))
    throw new UserError(
      `norm ${name}: has no inverse after a coupling, expected one of ${Object.keys(invertibleNorms).join(", ")}`,
    );
  const norm: InvertibleNorm | null = invertibleNorms[name];
  if (norm === null) return () => null;
  const state = norm.state(channels).map((s) => {
    const name = `${path}.${s.name}`;
    if (s.trainable) return { read: registry.add(name, s.shape, constantValue(s.initial)), write: () => {} };
    return registry.addBuffer(name, s.shape, s.initial);
  });
  const gamma = affine ? registry.add(`${path}.weight`, [channels], constantValue(1)) : null;
  const beta = affine ? registry.add(`${path}.bias`, [channels], constantValue(0)) : null;
  return (pass, x) => {
    const before = state.map(({ read }) => read(pass));
    const standardization = norm[pass.training ? "training" : "evaluation"](x, before);
    if (pass.training && norm.update)
      for (const [i, value] of norm.update(stopGradient(x), before).entries()) state[i].write(pass, value);
    if (gamma === null || beta === null) return standardization;
    const scale = perChannel(gamma(pass), x);
    // γ(x − μ)/d + β = (x − (μ − βd/γ))/(d/γ)
    const divisor = div(standardization.divisor, scale);
    return { center: sub(standardization.center, mul(perChannel(beta(pass), x), divisor)), divisor };
  };
}

/** Applies the standardization: z = (x − center)/divisor. */
export const standardized = (x: Traced, { center, divisor }: Standardization): Traced =>
  div(sub(x, center), divisor);

/** Inverts the standardization: x = z·divisor + center. */
export const unstandardized = (z: Traced, { center, divisor }: Standardization): Traced =>
  add(mul(z, divisor), center);

/** log|∂z/∂x| of each element: −log|divisor|. */
export const logSlope = ({ divisor }: Standardization): Traced => neg(log(abs(divisor)));
