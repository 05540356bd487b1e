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
import { constantly } from "../../layers.js";
import type { Pass, Registry } from "../../network.js";
import { batchAxes, type Moments, moments, perChannel } from "../../norms/moments.js";
import type { Declared } from "../../norms/norm.js";
import { EPSILON, MOMENTUM, runningStatistics, updateRunning } from "../../norms/running.js";

/**
 * What a norm after a coupling does to x: z = (x − center)/divisor, both of a shape that broadcasts against x. Its
 * log-determinant is −Σ log|divisor| over the positions it is applied to.
 */
export interface Standardization {
  readonly center: Traced;
  readonly divisor: Traced;
}

/** The standardization of x in this pass; in evaluation it depends on the shape of x alone. null: none. */
export type CouplingNorm = (pass: Pass, x: Traced) => Standardization | null;

interface Kind {
  state(channels: number): readonly Declared[];
  training(x: Traced, state: readonly Traced[]): Standardization;
  evaluation(x: Traced, state: readonly Traced[]): Standardization;
  readonly update?: (x: Traced, state: readonly Traced[]) => Traced[];
}

/** (x − μ)/√(v + ε). */
const by = ({ mean, variance }: Moments): Standardization => ({
  center: mean,
  divisor: sqrt(add(variance, EPSILON)),
});

const byRunning = (x: Traced, [mean, variance]: readonly Traced[]): Standardization =>
  by({ mean: perChannel(mean, x), variance: perChannel(variance, x) });

/** Batch norm: per channel, over the batch and all positions; running statistics in evaluation. */
const batch: Kind = {
  state: (channels) => runningStatistics([1, channels]),
  training: (x) => by(moments(x, batchAxes(x))),
  evaluation: byRunning,
  update: (x, state) => updateRunning(state, moments(x, batchAxes(x)), x.size / x.shape[1], MOMENTUM),
};

/** One mean and one variance for all channels, positions and samples of the batch; running ones in evaluation. */
const whole: Kind = {
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

const actNorm: Kind = {
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

const kinds: Readonly<Record<string, Kind | null>> = {
  bn: batch,
  ln: whole,
  detached: { ...batch, training: (x) => by(moments(stopGradient(x), batchAxes(x))) },
  frozen: { state: batch.state, training: byRunning, evaluation: byRunning },
  actnorm: actNorm,
  none: null,
};

interface CouplingNormOptions {
  /** γ and β per channel after the standardization, trained. */
  readonly affine: boolean;
}

/**
 * The norm after a coupling of that name, for maps of `channels` channels. Statistics of the batch count as constants of
 * the map, as in RealNVP (Dinh, Sohl-Dickstein and Bengio 2017, section 3.7): the log-determinant of batch norm is −½ Σ log(v + ε), plus Σ log|γ|
 * with `affine`, per position.
 *
 * Layer norm proper has no inverse without the moments of the very sample it was given, and with them it is none: it
 * maps every scale and shift of an image to the same point. So `ln` is here what the official code of the paper
 * does in its flow with layer norm: one mean and one variance for the whole batch, all channels together, kept as running
 * statistics for evaluation and sampling. It is a batch norm of one group, and its backward pass blocks two directions of
 * the batch where batch norm blocks two a channel. (There the running values are pooled from running ones per channel.)
 * Throws a UserError for norms that have no inverse.
 */
export function couplingNorm(
  name: string,
  registry: Registry,
  place: string,
  channels: number,
  { affine }: CouplingNormOptions,
): CouplingNorm {
  if (!Object.hasOwn(kinds, name))
    throw new UserError(
      `norm ${name}: has no inverse after a coupling, expected one of ${Object.keys(kinds).join(", ")}`,
    );
  const kind = kinds[name]!;
  if (kind === null) return () => null;
  const state = kind.state(channels).map((s) => {
    const path = `${place}.${s.name}`;
    if (s.trainable) return { read: registry.add(path, s.shape, constantly(s.initial)), write: () => {} };
    return registry.addBuffer(path, s.shape, s.initial);
  });
  const gamma = affine ? registry.add(`${place}.weight`, [channels], constantly(1)) : null;
  const beta = affine ? registry.add(`${place}.bias`, [channels], constantly(0)) : null;
  return (pass, x) => {
    const before = state.map(({ read }) => read(pass));
    const standardization = kind[pass.training ? "training" : "evaluation"](x, before);
    if (pass.training && kind.update)
      for (const [i, value] of kind.update(stopGradient(x), before).entries()) state[i].write(pass, value);
    if (gamma === null || beta === null) return standardization;
    const scale = perChannel(gamma(pass), x);
    // γ(x − μ)/d + β = (x − (μ − βd/γ))/(d/γ)
    const divisor = div(standardization.divisor, scale);
    return { center: sub(standardization.center, mul(perChannel(beta(pass), x), divisor)), divisor };
  };
}

/** z = (x − center)/divisor. */
export const standardized = (x: Traced, { center, divisor }: Standardization): Traced =>
  div(sub(x, center), divisor);

/** x from z. */
export const unstandardized = (z: Traced, { center, divisor }: Standardization): Traced =>
  add(mul(z, divisor), center);

/** log|∂z/∂x| of every element. */
export const logSlope = ({ divisor }: Standardization): Traced => neg(log(abs(divisor)));
