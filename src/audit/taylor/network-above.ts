/// <reference lib="esnext.disposable" preserve="true" />
import type { Tensor, TensorSpec } from "../../base/tensor.js";
import type { CompileOptions, Program } from "../../engine/index.js";
import { full, jvp, type Traced, type TracedFunction, valueAndGrad } from "../../engine/lang/index.js";
import { compileForMeasuring } from "../../measure/compile-for-measuring.js";
import type { GroupStatistics, Loss, OpenedModel } from "../../onnx/index.js";
import { normKinds } from "../../onnx/norms/kinds.js";
import { type Feeds, splitArguments } from "../measuring/feeds.js";

/** The loss of an opened model on a batch, seen as a function of the output z of one layer. */
export interface LossAtLayer {
  /** The model. All its normalizations must be opened, because those above the layer are held. */
  readonly opened: OpenedModel;
  /** Index of the layer in `opened.layers`. */
  readonly layer: number;
  /** The loss on the model's output. */
  readonly loss: Loss;
  /** Parameters, batch and target. */
  readonly feeds: Feeds;
}

/** The values at one layer on the batch, each in the shape of the layer's input. */
export interface LayerValues {
  /** Input of the layer. */
  readonly x: Tensor;
  /** Output of the layer: γ·y + β. */
  readonly z: Tensor;
  /** ẑ: the z of y = 0, which is β. */
  readonly point: Tensor;
  /** γ, repeated for every element: ∂z/∂y. */
  readonly scale: Tensor;
}

/**
 * The part of a model above one normalization layer: a function from the layer's z to the loss,
 * with its first and second derivatives at any z. Batch normalizations above the layer keep the
 * statistics they have on the batch, so the loss of one sample does not depend on other samples
 * through them.
 */
export class NetworkAbove {
  private constructor(
    readonly values: LayerValues,
    private readonly program: Program,
    private readonly feeds: readonly Tensor[],
  ) {}

  /**
   * Runs the model once for the values at the layer, then compiles the derivatives of the part
   * above.
   */
  static async compile(
    { opened, layer, loss, feeds }: LossAtLayer,
    options: Pick<CompileOptions, "device" | "cache">,
  ): Promise<NetworkAbove> {
    const { params, inputs, target } = feeds;
    const specs = [...params, ...inputs];
    const frozen = frozenAbove(opened, layer);

    await using below = await compileForMeasuring(valuesAt(opened, layer, frozen), specs, options);
    const [x, z, point, scale, ...held] = await below.run(specs);
    const program = await compileForMeasuring(
      derivatives(opened, layer, frozen, loss),
      [...specs, ...target, ...held, z, z].map(({ shape, dtype }): TensorSpec => ({ shape, dtype })),
      options,
    );
    return new NetworkAbove({ x, z, point, scale }, program, [...specs, ...target, ...held]);
  }

  /** Computes ∂L/∂z at `z`, and the product of the Hessian at `z` with `direction`. */
  async derivativesAt(z: Tensor, direction: Tensor): Promise<{ gradient: Tensor; product: Tensor }> {
    const [gradient, product] = await this.program.run([...this.feeds, z, direction]);
    return { gradient, product };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.program.dispose();
  }
}

/**
 * Indices of the layers whose statistics are held: the batch normalizations after `layer` in
 * execution order. Holding one that does not depend on `layer` changes nothing. Other
 * normalizations are not held: their statistics lie within one sample and belong to the loss of
 * that sample.
 */
export const frozenAbove = (opened: OpenedModel, layer: number): number[] =>
  opened.layers.flatMap(({ norm }, i) => (i > layer && normKinds[norm.kind].acrossSamples ? [i] : []));

/** Returns x, z, ẑ and γ of the layer, then μ and σ of each frozen layer. */
function valuesAt(opened: OpenedModel, layer: number, frozen: readonly number[]): TracedFunction {
  return (...args) => {
    const results: Traced[] = [];
    const statistics: GroupStatistics[] = [];
    const { params, inputs } = splitArguments(opened, args);
    opened.forward(params, inputs, {
      input(i, x) {
        if (i === layer) results.push(x);
        return x;
      },
      statistics(i, own) {
        statistics[i] = own;
        return null;
      },
      output(i, z, affine) {
        if (i !== layer) return z;
        const along = (value: number) => full(z.shape, value, opened.precision);
        const { out, tangent } = jvp((y) => [affine(y)], [along(0)], [along(1)]);
        results.push(z, out[0], tangent[0]);
        return z;
      },
    });
    for (const i of frozen) {
      const { mean, sigma } = statistics[i];
      if (mean === null) throw new Error(`layer ${i} is held, but it computes no mean`);
      results.push(mean, sigma);
    }
    return results;
  };
}

/**
 * Returns the gradient of the loss with respect to the layer's z, and its derivative along a
 * direction.
 */
function derivatives(
  opened: OpenedModel,
  layer: number,
  frozen: readonly number[],
  loss: Loss,
): TracedFunction {
  return (...args) => {
    const [z, direction] = args.slice(-2) as [Traced, Traced];
    const { params, inputs, rest } = splitArguments(opened, args);
    const target = loss.target === null ? null : rest[0];
    const held = args.slice(args.length - 2 - 2 * frozen.length, -2);
    const gradient = (at: Traced): Traced => {
      const { grads } = valueAndGrad(
        (z) => {
          const { outputs } = opened.forward(params, inputs, {
            statistics(i) {
              const k = frozen.indexOf(i);
              return k < 0 ? null : { mean: held[2 * k], sigma: held[2 * k + 1] };
            },
            output: (i, own) => (i === layer ? z : own),
          });
          return { value: loss.apply(outputs, target), aux: [] };
        },
        [at],
      );
      return grads[0];
    };
    const { out, tangent } = jvp((at) => [gradient(at)], [z], [direction]);
    return [out[0], tangent[0]];
  };
}
