import { lang, type Traced } from "../../engine/index.js";
import { affineAdjoint, batchNormLayout, standardize } from "../../theory/index.js";
import type { Check, Context } from "../context.js";
import { evaluate, float64 } from "../evaluate.js";
import { roundingBound } from "../rounding.js";

/** A linear op x = W a below the norm, in the tensor language. */
interface LinearOp {
  readonly title: string;
  readonly weight: readonly number[];
  readonly input: readonly number[];
  readonly apply: (a: Traced, w: Traced) => Traced;
  /** ‖ΔW‖ ≤ reach·‖∂L/∂x‖·‖a‖, and ‖∂L/∂a‖ ≤ reach·‖∂L/∂x‖·‖W‖: an input element is used so many times at most. */
  readonly reach: number;
}

const CHANNELS = 4;

const linear: LinearOp = {
  title: "linear",
  weight: [CHANNELS, 6],
  input: [24, 6],
  apply: (a, w) => lang.matmul(a, lang.transpose(w, [1, 0])),
  reach: 1,
};

const convolution: LinearOp = {
  title: "3×3 convolution",
  weight: [CHANNELS, 3, 3, 3],
  input: [3, 3, 5, 5],
  apply: (a, w) =>
    lang.conv(a, w, {
      strides: [1, 1],
      padding: [
        [1, 1],
        [1, 1],
      ],
      dilations: [1, 1],
      groups: 1,
    }),
  reach: 3,
};

/**
 * For x = W a and a = tanh(W₀ a₀), W linear or a convolution: ∂L_grad/∂W, ∂L_diag/∂W and the same for W₀ are 0 at ε = 0, by
 * autodiff through the whole chain. Relative to the gradient with detached statistics ("through σ alone").
 */
export const weightsBelow: Check = {
  id: "weights-below",
  statement: "Weights below and further down receive nothing of both",
  source: "Zhou et al. 2024, section 3; theory, section 3",
  relation: "at most",
  async run(context) {
    for (let trial = 0; trial < Math.max(2, context.trials / 20); trial++) {
      context.countTrial();
      await tryOp(context, trial % 2 === 0 ? linear : convolution);
    }
  },
};

async function tryOp(context: Context, op: LinearOp): Promise<void> {
  const tensor = (shape: readonly number[], shift = 0) =>
    float64(
      context.normals(shape.reduce((a, b) => a * b, 1)).map((v) => v + shift),
      shape,
    );
  // The layer further down works on the channel axis of a₀: W₀ [C, C].
  const inner = op.input[1];
  // A shift keeps the mean of the inputs away from 0, as activations have it; otherwise shared signals average out by themselves.
  const inputs = [tensor(op.input, 1), tensor([inner, inner]), tensor(op.weight)];
  const perChannel = () => tensor([CHANNELS]);
  const [gamma, beta, point, slope, curvature] = Array.from({ length: 5 }, perChannel);

  const gradientsWith =
    (name: "bn" | "detached") =>
    (a0: Traced, w0: Traced, w: Traced, ...values: Traced[]): Traced[] => {
      const [gamma, beta, point, slope, curvature] = values;
      const norm = context.subject.norm(name, { epsilon: 0 });
      const below = lang.tanh(mixChannels(a0, w0));
      const x = op.apply(below, w);
      const shaped = (v: Traced) => lang.reshape(v, [CHANNELS, ...x.shape.slice(2).map(() => 1)]);
      const terms = {
        first: (u: Traced) => lang.sum(lang.mul(shaped(slope!), u)),
        diagonal: (u: Traced) => lang.mul(lang.sum(lang.mul(shaped(curvature!), lang.square(u))), 0.5),
      };
      const grads = Object.values(terms).flatMap((term) => {
        const loss = (w0: Traced, w: Traced) => {
          const x = op.apply(lang.tanh(mixChannels(a0, w0)), w);
          const z = norm.affine(norm.standardize(x, []), [gamma!, beta!]);
          return term(lang.sub(z, shaped(point!)));
        };
        return lang.valueAndGrad((w0, w) => ({ value: loss(w0!, w!), aux: [] }), [w0, w]).grads;
      });
      return [below, x, ...grads];
    };
  const given = [...inputs, gamma, beta, point, slope, curvature];
  const [a, x, ...actual] = await evaluate(gradientsWith("bn"), given);
  const [, , ...open] = await evaluate(gradientsWith("detached"), given);

  const shape = [op.input[0], CHANNELS, ...op.input.slice(2)];
  const layout = batchNormLayout(shape);
  const reference = standardize(x, layout);
  const positions = x.length / shape[0] / CHANNELS;
  const value = (v: { data: ArrayLike<number> }, e: number) => v.data[Math.floor(e / positions) % CHANNELS];
  const cotangents = [
    x.map((_, e) => value(slope, e)),
    x.map((_, e) => {
      const z = value(gamma, e) * reference.y[e] + value(beta, e);
      return value(curvature, e) * (z - value(point, e));
    }),
  ].map((gradient) => affineAdjoint(gradient, gamma.data as Float64Array, layout));
  const summands = x.map((_, e) => {
    const size = Math.abs(value(gamma, e)) + Math.abs(value(beta, e)) + Math.abs(value(point, e));
    return value(gamma, e) * value(curvature, e) * size;
  });
  const rounding = roundingBound({
    elements: x.length / CHANNELS,
    kappa: Math.max(...reference.mean.map((mu, d) => Math.abs(mu) / reference.sigma[d])),
    peakY: Math.max(...reference.y.map(Math.abs)),
    peakG: Math.max(...cotangents.map((g) => Math.max(...g.map(Math.abs)) / (norm(g) / Math.sqrt(g.length)))),
    amplification: norm(summands) / norm(cotangents[1]),
    products: op.weight.slice(1).reduce((n, k) => n * k, 1),
  });
  for (const [term, title] of ["L_grad", "L_diag"].entries()) {
    const arriving = norm(
      cotangents[term].map((v, e) => v / reference.sigma[Math.floor(e / positions) % CHANNELS]),
    );
    const reaching = [
      op.reach * arriving * norm(inputs[2].data as Float64Array) * norm(inputs[0].data as Float64Array),
      op.reach * arriving * norm(a),
    ];
    for (const [k, weight] of ["W₀", "W"].entries()) {
      const opened = norm(open[2 * term + k]);
      // Sums over elements that cancel make the open gradient small beside what was summed, and so rounding large beside it.
      context.record(
        norm(actual[2 * term + k]) / opened,
        (rounding * reaching[k]) / opened,
        () => `∂${title}/∂${weight}, ${op.title}`,
      );
    }
  }
}

/** W₀ applied to the channel axis 1 of a₀ at every position. */
function mixChannels(a0: Traced, w0: Traced): Traced {
  const channelsLast = [0, ...a0.shape.map((_, i) => i).slice(2), 1];
  const back = [0, a0.ndim - 1, ...a0.shape.map((_, i) => i).slice(1, -1)];
  return lang.transpose(lang.matmul(lang.transpose(a0, channelsLast), lang.transpose(w0, [1, 0])), back);
}

const norm = (values: Float64Array): number => Math.hypot(...values);
