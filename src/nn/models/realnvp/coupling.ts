import { allocate } from "../../../base/tensor.js";
import {
  add,
  broadcastTo,
  concat,
  constant,
  dtypeOf,
  exp,
  mul,
  neg,
  sub,
  type Traced,
  tanh,
} from "../../../engine/lang/index.js";
import { constantly, relu } from "../../layers.js";
import type { Pass, Registry } from "../../network.js";
import type { Bijection } from "./bijection.js";
import { sumOfSample } from "./bijection.js";
import { type CouplingNorm, logSlope, standardized, unstandardized } from "./coupling-norm.js";
import { type ResidualOptions, residualNetwork } from "./residual.js";
import { channelsOf } from "./squeeze.js";

export interface CouplingOptions extends ResidualOptions {
  /** The norm after a coupling that changes `channels` channels. */
  readonly after: (registry: Registry, name: string, channels: number) => CouplingNorm;
}

type Shape = readonly [channels: number, height: number, columns: number];

/** log-scale s and shift t of an affine coupling. */
interface ScaleAndShift {
  readonly logScale: Traced;
  readonly shift: Traced;
}

/**
 * Affine coupling under a checkerboard b: y = b∘x + (1 − b)∘(x∘e^s + t), with s and t functions of b∘x; then the norm
 * on what was changed (its statistics are those of all of y). Log-determinant Σ (1 − b)∘(s + log-slope of the norm).
 * `first` says which colour is kept: 1 where row + column is odd. Source: Dinh, Sohl-Dickstein and Bengio 2017, sections 3.3 to 3.7.
 */
export function checkerboardCoupling(
  registry: Registry,
  name: string,
  shape: Shape,
  first: 0 | 1,
  options: CouplingOptions,
): Bijection {
  const [channels, height, columns] = shape;
  const squares = (kept: boolean, x: Traced) => {
    const data = allocate(dtypeOf(x), height * columns);
    for (let i = 0; i < data.length; i++) {
      const colour = (Math.floor(i / columns) + (i % columns) + first) % 2;
      data[i] = (colour === 1) === kept ? 1 : 0;
    }
    return constant(data, [1, 1, height, columns], dtypeOf(x));
  };
  const conditioner = scaleAndShift(registry, name, { inputs: shape, planes: 1 }, options);
  const norm = options.after(registry, `${name}.norm`, channels);
  const conditioned = (pass: Pass, x: Traced) => {
    const [kept, changed] = [squares(true, x), squares(false, x)];
    const { logScale, shift } = conditioner(pass, mul(x, kept), kept);
    return { kept, changed, logScale: mul(logScale, changed), shift: mul(shift, changed) };
  };
  return {
    forward: (pass, x) => {
      const { kept, changed, logScale, shift } = conditioned(pass, x);
      const y = add(mul(x, exp(logScale)), shift);
      const normed = norm(pass, y);
      if (normed === null) return { y, logDeterminant: sumOfSample(logScale) };
      const slope = mul(broadcastTo(logSlope(normed), [1, ...shape]), changed);
      return {
        y: add(mul(y, kept), mul(standardized(y, normed), changed)),
        logDeterminant: add(sumOfSample(logScale), sumOfSample(slope)),
      };
    },
    inverse: (pass, z) => {
      const { kept, changed, logScale, shift } = conditioned(pass, z);
      const normed = norm({ ...pass, training: false }, z);
      const y = normed === null ? z : add(mul(z, kept), mul(unstandardized(z, normed), changed));
      return mul(sub(y, shift), exp(neg(logScale)));
    },
  };
}

/**
 * Affine coupling of channels: one half is kept, `first` 0 the upper, 1 the lower one; the other becomes x∘e^s + t, with s
 * and t functions of the half that is kept, and then goes through the norm. Source: as above.
 */
export function channelCoupling(
  registry: Registry,
  name: string,
  [channels, height, columns]: Shape,
  first: 0 | 1,
  options: CouplingOptions,
): Bijection {
  const half = channels / 2;
  const shape: Shape = [half, height, columns];
  const conditioner = scaleAndShift(registry, name, { inputs: shape, planes: 0 }, options);
  const norm = options.after(registry, `${name}.norm`, half);
  const split = (x: Traced) => {
    const halves = [channelsOf(x, 0, half), channelsOf(x, half, channels)] as const;
    return { kept: halves[first], changed: halves[1 - first] };
  };
  const joined = (kept: Traced, changed: Traced) =>
    concat(first === 0 ? [kept, changed] : [changed, kept], 1);
  return {
    forward: (pass, x) => {
      const { kept, changed } = split(x);
      const { logScale, shift } = conditioner(pass, kept);
      const y = add(mul(changed, exp(logScale)), shift);
      const normed = norm(pass, y);
      if (normed === null) return { y: joined(kept, y), logDeterminant: sumOfSample(logScale) };
      const slope = broadcastTo(logSlope(normed), [1, ...shape]);
      return {
        y: joined(kept, standardized(y, normed)),
        logDeterminant: add(sumOfSample(logScale), sumOfSample(slope)),
      };
    },
    inverse: (pass, z) => {
      const { kept, changed } = split(z);
      const { logScale, shift } = conditioner(pass, kept);
      const normed = norm({ ...pass, training: false }, changed);
      const y = normed === null ? changed : unstandardized(changed, normed);
      return joined(kept, mul(sub(y, shift), exp(neg(logScale))));
    },
  };
}

/**
 * s = scale·tanh(r) + offset and t from what a coupling keeps, where scale and offset are trained numbers that start from
 * 0, so that the flow starts with volumes unchanged. What is kept is normalized and enters the network with both signs
 * (and `planes` more).
 */
function scaleAndShift(
  registry: Registry,
  name: string,
  { inputs, planes }: { readonly inputs: Shape; readonly planes: 0 | 1 },
  options: ResidualOptions,
): (pass: Pass, kept: Traced, ...more: Traced[]) => ScaleAndShift {
  const [channels, height, columns] = inputs;
  const scale = registry.add(`${name}.scale`, [1], constantly(0));
  const offset = registry.add(`${name}.scale_shift`, [1], constantly(0));
  const norm = options.norm(registry, `${name}.in_norm`, inputs);
  const sizes = { inputs: 2 * channels + planes, outputs: 2 * channels, height, columns };
  const network = residualNetwork(registry, `${name}.network`, sizes, options);
  return (pass, kept, ...more) => {
    const x = norm(pass, kept);
    const planes = more.map((plane) => broadcastTo(plane, [x.shape[0], 1, height, columns]));
    const output = network(pass, relu(pass, concat([x, neg(x), ...planes], 1)));
    const rescale = tanh(channelsOf(output, channels, 2 * channels));
    return {
      logScale: add(mul(rescale, scale(pass)), offset(pass)),
      shift: channelsOf(output, 0, channels),
    };
  };
}
