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
import { constantValue } from "../../initializers.js";
import { relu } from "../../layers.js";
import type { Pass, Registry } from "../../network.js";
import { type Bijection, sumOfSample } from "./bijection.js";
import { type CouplingNorm, logSlope, standardized, unstandardized } from "./coupling-norm.js";
import { type ResidualOptions, residualNetwork } from "./residual.js";
import { channelsOf } from "./squeeze.js";

/** Settings of all couplings of a flow. */
export interface CouplingOptions extends ResidualOptions {
  /** Makes the norm that follows a coupling, which changes `channels` channels. */
  readonly after: (registry: Registry, name: string, channels: number) => CouplingNorm;
}

type Shape = readonly [channels: number, height: number, columns: number];

/** Log-scale s and shift t of an affine coupling. */
interface ScaleAndShift {
  readonly logScale: Traced;
  readonly shift: Traced;
}

interface CheckerboardPart {
  /** Shape of an image. */
  readonly shape: Shape;
  /** The coupling keeps the positions whose row + column has this parity. */
  readonly keptParity: 0 | 1;
}

/**
 * Makes an affine coupling under a checkerboard mask b, of images [N, C, H, W]:
 *
 *     y = b∘x + (1 − b)∘(x∘e^s + t)        s and t are functions of b∘x
 *     z = b∘y + (1 − b)∘norm(y)            the norm takes the statistics of all of y
 *     log |det ∂z/∂x| = Σ (1 − b)∘(s + log-slope of the norm)
 *
 * Source: Dinh, Sohl-Dickstein and Bengio 2017, coupling layers, masks and batch
 * normalization.
 */
export function checkerboardCoupling(
  registry: Registry,
  name: string,
  { shape, keptParity }: CheckerboardPart,
  options: CouplingOptions,
): Bijection {
  const [channels, height, columns] = shape;
  const mask = (parity: number, x: Traced) => {
    const data = allocate(dtypeOf(x), height * columns);
    for (let i = 0; i < data.length; i++)
      data[i] = (Math.floor(i / columns) + (i % columns)) % 2 === parity ? 1 : 0;
    return constant(data, [1, 1, height, columns], dtypeOf(x));
  };
  const conditioner = scaleAndShift(registry, name, { inputs: shape, planes: 1 }, options);
  const norm = options.after(registry, `${name}.norm`, channels);
  const conditioned = (pass: Pass, x: Traced) => {
    const [kept, changed] = [mask(keptParity, x), mask(1 - keptParity, x)];
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

interface ChannelPart {
  /** Shape of a sample; the number of channels is even. */
  readonly shape: Shape;
  /** Which half of the channels the coupling keeps: 0 the first, 1 the second. */
  readonly keptHalf: 0 | 1;
}

/**
 * Makes an affine coupling of channels, of maps [N, C, H, W]. With x = (x_kept, x_changed):
 *
 *     y = x_changed∘e^s + t                s and t are functions of x_kept
 *     z = (x_kept, norm(y))
 *     log |det ∂z/∂x| = Σ (s + log-slope of the norm)
 *
 * Source: Dinh, Sohl-Dickstein and Bengio 2017, coupling layers, masks and batch
 * normalization.
 */
export function channelCoupling(
  registry: Registry,
  name: string,
  { shape: [channels, height, columns], keptHalf }: ChannelPart,
  options: CouplingOptions,
): Bijection {
  const half = channels / 2;
  const shape: Shape = [half, height, columns];
  const conditioner = scaleAndShift(registry, name, { inputs: shape, planes: 0 }, options);
  const norm = options.after(registry, `${name}.norm`, half);
  const split = (x: Traced) => {
    const halves = [channelsOf(x, 0, half), channelsOf(x, half, channels)] as const;
    return { kept: halves[keptHalf], changed: halves[1 - keptHalf] };
  };
  const joined = (kept: Traced, changed: Traced) =>
    concat(keptHalf === 0 ? [kept, changed] : [changed, kept], 1);
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
 * Makes the function from the kept part u of a coupling to its log-scale s and shift t:
 *
 *     v = norm(u)
 *     (t, r) = network(ReLU(v, −v, planes))
 *     s = scale·tanh(r) + offset
 *
 * `scale` and `offset` are trained numbers that start from 0, so the flow starts with
 * log-determinant 0. `planes` is the number of additional input channels: 1 for the mask of a
 * checkerboard.
 */
function scaleAndShift(
  registry: Registry,
  name: string,
  { inputs, planes }: { readonly inputs: Shape; readonly planes: 0 | 1 },
  options: ResidualOptions,
): (pass: Pass, kept: Traced, ...more: Traced[]) => ScaleAndShift {
  const [channels, height, columns] = inputs;
  const scale = registry.add(`${name}.scale`, [1], constantValue(0));
  const offset = registry.add(`${name}.scale_shift`, [1], constantValue(0));
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
