import { sizeOf, type Tensor } from "../../base/tensor.js";
import { lang, type Traced } from "../../engine/index.js";
import type { Norm } from "../../nn/index.js";
import { batchNormLayout, standardize } from "../../theory/index.js";
import type { Check, Context } from "../context.js";
import { evaluate, float64 } from "../evaluate.js";
import { roundingBound } from "../rounding.js";

/** A linear op x = W a right below the norm. */
interface OpBelow {
  readonly title: string;
  /** Shape of W. */
  readonly weight: readonly number[];
  /** Shape of a. */
  readonly input: readonly number[];
  readonly apply: (a: Traced, w: Traced) => Traced;
  /**
   * Bounds the pullbacks: ‖ΔW‖ ≤ reach·‖∂L/∂x‖·‖a‖ and ‖∂L/∂a‖ ≤ reach·‖∂L/∂x‖·‖W‖. A k×k kernel
   * uses each input element up to k² times, so k is enough.
   */
  readonly reach: number;
}

const CHANNELS = 4;

const linear: OpBelow = {
  title: "linear",
  weight: [CHANNELS, 6],
  input: [24, 6],
  apply: (a, w) => lang.matmul(a, lang.transpose(w, [1, 0])),
  reach: 1,
};

const convolution: OpBelow = {
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
 * For x = W a and a = tanh(W₀ a₀), the gradients of L_grad and L_diag with respect to W and W₀ are
 * 0 at ε = 0.
 *
 * W is a matrix or a convolution. Gradients come from automatic differentiation through the whole
 * chain, relative to the gradients with detached statistics.
 */
export const weightsBelow: Check = {
  id: "weights-below",
  statement: "Weights below and further down receive nothing of L_grad, L_diag",
  source: "Zhou et al. 2024, section 3; docs/theory.md, section 5",
  relation: "at most",
  async run(context) {
    for (let trial = 0; trial < Math.max(2, context.trials / 20); trial++) {
      context.countTrial();
      await tryOp(context, trial % 2 === 0 ? linear : convolution);
    }
  },
};

const TERMS = ["L_grad", "L_diag"] as const;
const WEIGHTS = ["W₀", "W"] as const;

/**
 * The chain a₀ → a = tanh(W₀ a₀) → x = W a → z, the last step by both phases of `norm`. Returns x
 * and a, then for L_grad and for L_diag the gradients with respect to W₀, W and x.
 */
const chain =
  (norm: Norm, op: OpBelow) =>
  (...[a0, w0, w, gamma, beta, point, slope, curvature]: Traced[]): Traced[] => {
    const shaped = (v: Traced) => lang.reshape(v, [CHANNELS, ...op.input.slice(2).map(() => 1)]);
    const terms: Record<(typeof TERMS)[number], (u: Traced) => Traced> = {
      L_grad: (u) => lang.sum(lang.mul(shaped(slope), u)),
      L_diag: (u) => lang.mul(lang.sum(lang.mul(shaped(curvature), lang.square(u))), 0.5),
    };
    const forward = (w0: Traced, w: Traced) => {
      const a = lang.tanh(mixChannels(a0, w0));
      return { a, x: op.apply(a, w) };
    };
    const { a, x } = forward(w0, w);
    // A tap: the gradient of a zero added to x is ∂L/∂x.
    const tap = lang.full(x.shape, 0, "float64");
    const gradients = TERMS.flatMap((name) => {
      const loss = (w0: Traced, w: Traced, tap: Traced) => {
        const y = norm.standardize(lang.add(forward(w0, w).x, tap), []);
        return terms[name](lang.sub(norm.affine(y, [gamma, beta]), shaped(point)));
      };
      return lang.valueAndGrad((w0, w, tap) => ({ value: loss(w0, w, tap), aux: [] }), [w0, w, tap]).grads;
    });
    return [x, a, ...gradients];
  };

async function tryOp(context: Context, op: OpBelow): Promise<void> {
  const tensor = (shape: readonly number[], shift = 0) =>
    float64(
      context.normals(sizeOf(shape)).map((v) => v + shift),
      shape,
    );
  // The inputs have a mean, as activations do. Around 0 a shared gradient would average out anyway.
  const a0 = tensor(op.input, 1);
  const w0 = tensor([op.input[1], op.input[1]]);
  const w = tensor(op.weight);
  const [gamma, beta, point, slope, curvature] = Array.from({ length: 5 }, () => tensor([CHANNELS]));
  const inputs = [a0, w0, w, gamma, beta, point, slope, curvature];
  const gradientsOf = (name: "bn" | "detached") =>
    evaluate(chain(context.subject.norm(name, { epsilon: 0 }), op), inputs);
  const [x, a, ...actual] = await gradientsOf("bn");
  const [, , ...detached] = await gradientsOf("detached");

  const layout = batchNormLayout([op.input[0], CHANNELS, ...op.input.slice(2)]);
  const { mean, sigma, y } = standardize(x, layout);
  const summands = [
    slope.data.map(Math.abs),
    curvature.data.map(
      (h, d) => Math.abs(h) * (Math.abs(gamma.data[d]) + Math.abs(beta.data[d]) + Math.abs(point.data[d])),
    ),
  ];
  for (const [term, title] of TERMS.entries()) {
    const [, , arriving] = detached.slice(3 * term);
    const rms = norm(arriving) / Math.sqrt(arriving.length);
    const largest = Math.max(...gamma.data.map((g, d) => (Math.abs(g) * summands[term][d]) / sigma[d]));
    const rounding = roundingBound({
      elements: x.length / CHANNELS,
      kappa: Math.max(...mean.map((mu, d) => Math.abs(mu) / sigma[d])),
      peakY: Math.max(...y.map(Math.abs)),
      peakG: Math.max(...arriving.map(Math.abs)) / rms,
      amplification: largest / rms,
      products: sizeOf(op.weight.slice(1)),
    });
    // Bounds on ∂L/∂W₀ and ∂L/∂W, given ∂L/∂x. Where sums over elements cancel, the gradient with
    // detached statistics is much smaller, and rounding is large relative to that gradient.
    const reach = op.reach * norm(arriving);
    const largestGradients = [reach * norm(float64Data(w)) * norm(float64Data(a0)), reach * norm(a)];
    for (const [k, weight] of WEIGHTS.entries()) {
      const reference = norm(detached[3 * term + k]);
      context.record(
        norm(actual[3 * term + k]) / reference,
        (rounding * largestGradients[k]) / reference,
        () => `∂${title}/∂${weight}, ${op.title}`,
      );
    }
  }
}

/** W₀ applied to the channel axis 1 of a₀ at every position. */
function mixChannels(a0: Traced, w0: Traced): Traced {
  const positions = a0.shape.map((_, axis) => axis).slice(2);
  const channelsLast = lang.transpose(a0, [0, ...positions, 1]);
  const mixed = lang.matmul(channelsLast, lang.transpose(w0, [1, 0]));
  return lang.transpose(mixed, [0, a0.ndim - 1, ...positions.map((axis) => axis - 1)]);
}

const norm = (values: Float64Array): number => Math.hypot(...values);
const float64Data = ({ data }: Tensor): Float64Array => data as Float64Array;
