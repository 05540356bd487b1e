import type { Tensor, TensorSpec } from "../../base/tensor.js";
import type { CompileOptions, Program } from "../../engine/index.js";
import { full, jvp, type Traced, type TracedFunction, valueAndGrad } from "../../engine/lang/index.js";
import { compileForMeasuring } from "../../measure/compile-for-measuring.js";
import type { GroupStatistics, Hooks, Loss, OpenedModel } from "../../onnx/index.js";
import { normKinds } from "../../onnx/norms/kinds.js";

/** What a model is run on: its stored parameters and the batch, in the order of `OpenedModel`, and the target. */
export interface Feeds {
  readonly params: readonly Tensor[];
  readonly inputs: readonly Tensor[];
  readonly target: readonly Tensor[];
}

/** The values at one layer on the batch, each in the shape of the layer's input. */
export interface LayerValues {
  readonly x: Tensor;
  readonly z: Tensor;
  /** ẑ: the z of y = 0, which is β. */
  readonly point: Tensor;
  /** γ, repeated for every element: ∂z/∂y. */
  readonly scale: Tensor;
}

/**
 * The part of a model above one normalization layer, from the layer's z to the loss, as a function whose first and
 * second derivatives can be asked for at any z. Batch normalizations that run after the layer keep the statistics
 * they have on the batch, so that no sample's loss depends on another sample through them.
 */
export class NetworkAbove {
  private constructor(
    readonly values: LayerValues,
    private readonly program: Program,
    private readonly feeds: readonly Tensor[],
  ) {}

  static async compile(
    opened: OpenedModel,
    layer: number,
    loss: Loss,
    feeds: Feeds,
    options: Pick<CompileOptions, "device" | "cache">,
  ): Promise<NetworkAbove> {
    const { params, inputs, target } = feeds;
    const specs = [...params, ...inputs];
    const frozen = frozenAbove(opened, layer);

    await using below = await compileForMeasuring(valuesAt(opened, layer, frozen), specs, options);
    const [x, z, point, scale, ...moments] = await below.run(specs);
    const program = await compileForMeasuring(
      derivatives(opened, layer, frozen, loss),
      [...specs, ...target, ...moments, z, z].map(({ shape, dtype }): TensorSpec => ({ shape, dtype })),
      options,
    );
    return new NetworkAbove({ x: x, z: z, point: point, scale: scale }, program, [
      ...specs,
      ...target,
      ...moments,
    ]);
  }

  /** ∂L/∂z at `z`, and the product of the Hessian there with `direction`. */
  async at(z: Tensor, direction: Tensor): Promise<{ gradient: Tensor; product: Tensor }> {
    const [gradient, product] = await this.program.run([...this.feeds, z, direction]);
    return { gradient: gradient, product: product };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.program.dispose();
  }
}

/**
 * The layers whose statistics must be held: batch normalizations after `layer` in execution order. Ones that do not
 * depend on it are held at the values that they have anyway. Other norms take statistics within a sample, which are
 * part of its loss.
 */
export const frozenAbove = (opened: OpenedModel, layer: number): number[] =>
  opened.layers.flatMap(({ norm }, i) => (i > layer && normKinds[norm.kind].acrossSamples ? [i] : []));

/** x, z, ẑ and γ at the layer, then μ and σ of each frozen layer. */
function valuesAt(opened: OpenedModel, layer: number, frozen: readonly number[]): TracedFunction {
  return (...args) => {
    const results: Traced[] = [];
    const moments: GroupStatistics[] = [];
    run(opened, args, {
      input(i, x) {
        if (i === layer) results.push(x);
        return x;
      },
      moments(i, own) {
        moments[i] = own;
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
    for (const i of frozen) results.push(moments[i].mean!, moments[i].sigma);
    return results;
  };
}

/** Gradient of the loss with respect to the layer's z, and its derivative along a direction. */
function derivatives(
  opened: OpenedModel,
  layer: number,
  frozen: readonly number[],
  loss: Loss,
): TracedFunction {
  return (...args) => {
    const [z, direction] = args.slice(-2) as [Traced, Traced];
    const model = args.slice(0, opened.params.length + opened.inputs.length);
    const target = loss.target === null ? null : args[model.length];
    const moments = args.slice(args.length - 2 - 2 * frozen.length, -2);
    const gradient = (at: Traced): Traced => {
      const { grads } = valueAndGrad(
        (z) => {
          const { outputs } = run(opened, model, {
            moments(i) {
              const k = frozen.indexOf(i);
              return k < 0 ? null : { mean: moments[2 * k], sigma: moments[2 * k + 1] };
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

function run(opened: OpenedModel, args: readonly Traced[], hooks: Partial<Hooks>) {
  const params = args.slice(0, opened.params.length);
  const inputs = new Map(opened.inputs.map(({ name }, i) => [name, args[opened.params.length + i]]));
  return opened.forward(params, inputs, hooks);
}
