import type { Tensor, TensorSpec } from "../../base/tensor.js";
import type { Program } from "../../engine/index.js";
import {
  add,
  dtypeOf,
  evaluateShapes,
  full,
  mul,
  reciprocal,
  reshape,
  sqrt,
  square,
  stopGradient,
  sub,
  sum,
  type Traced,
  valueAndGrad,
  vjp,
} from "../../engine/lang/index.js";
import { groupMean } from "../../measure/group-mean.js";
import type { LinearOp } from "../../measure/linear-op.js";
import { notingTap, valueAndTapGrads } from "../../measure/taps.js";
import { weightProducts } from "../../measure/weight-products.js";
import type { Network } from "../../nn/network.js";
import {
  BlockedSharesAccumulator,
  type GroupLayout,
  weightLoss,
  weightSumsFromGram,
} from "../../theory/index.js";
import { compileKept } from "../compile-kept.js";
import { splitState } from "../training/learner.js";
import { normProbe, type ProbedNorm } from "../training/norm-probe.js";
import type { Task } from "./task.js";

/** What one batch tells about a norm layer. */
export interface LayerNumbers {
  /** Blocked share of the gradient energy. */
  readonly blocked: number;
  /** Share of the weight gradient's length that is removed; null without a linear op below. */
  readonly removed: number | null;
  /** `removed` of white noise in place of G; null as `removed`. */
  readonly chance: number | null;
}

/** The loss and the gradients of all weights on one batch. */
export interface BatchGradients {
  readonly loss: number;
  /** In the order of `GradientProgram.weights`. */
  readonly gradients: readonly Float32Array[];
  /** In the order of `GradientProgram.layers`. Empty where layers are not measured. */
  readonly layers: readonly LayerNumbers[];
}

/** A norm layer, and the weight of the linear op below it by its position in `weights`. */
interface Layer {
  readonly name: string;
  readonly weight: number | null;
  readonly layout: GroupLayout;
  readonly centred: boolean;
}

/** The gradients of a network in training mode, compiled for batches of one shape. */
export class GradientProgram implements AsyncDisposable {
  private constructor(
    private readonly program: Program,
    private readonly network: Network,
    /** Names of the weights of linear ops: parameters with two axes or more. */
    readonly weights: readonly string[],
    readonly layers: readonly Layer[],
    private readonly measures: boolean,
  ) {}

  /**
   * Compiles the gradients for batches of the shapes of `batch`.
   *
   * @param layers - `measure`: also blocked shares, `removed` and its chance level of every layer.
   */
  static async compile(
    network: Network,
    loss: Task["loss"],
    batch: readonly TensorSpec[],
    layers: "measure" | "leave",
  ): Promise<GradientProgram> {
    const { parameters, buffers } = network;
    const own = [...parameters, ...buffers].map(({ shape }): TensorSpec => ({ dtype: "float32", shape }));
    const specs = [...own, ...batch];
    const chosen = parameters.flatMap(({ shape }, i) => (shape.length > 1 ? [i] : []));
    const weights = chosen.map((i) => parameters[i].name);
    const lossOf = (
      values: readonly Traced[],
      args: readonly Traced[],
      probe?: ReturnType<typeof normProbe>,
    ) => {
      const all = [...args.slice(0, parameters.length)];
      for (const [k, i] of chosen.entries()) all[i] = values[k];
      const [x, target] = args.slice(own.length);
      const { output } = network.train(all, args.slice(parameters.length, own.length), x, probe);
      return loss(output, target);
    };
    const valuesOf = (args: readonly Traced[]) => chosen.map((i) => args[i]);
    const { taps, norms } = plan(specs, (args, probe) => lossOf(valuesOf(args), args, probe));
    const measures = layers === "measure";
    const program = await compileKept((...args) => {
      if (!measures) {
        const { value, grads } = valueAndGrad(
          (...values) => ({ value: lossOf(values, args), aux: [] }),
          valuesOf(args),
        );
        return [value, ...grads];
      }
      const { value, grads, tapGrads, standardizations } = valueAndTapGrads(
        (values, tap) => {
          const probed: ProbedNorm[] = [];
          const value = lossOf(values, args, normProbe(undefined, { chosen: () => true, tap, probed }));
          return { value, aux: [], standardizations: probed };
        },
        valuesOf(args),
        taps,
      );
      return [
        ...[value, ...grads],
        ...standardizations.flatMap((norm, i) => measured(norm, tapGrads[2 * i], tapGrads[2 * i + 1])),
      ];
    }, specs);
    const planned = norms.map(({ name, linearOp, layout, centred }) => ({
      ...{ name, layout, centred },
      weight: linearOp === null ? null : weights.indexOf(linearOp.weight),
    }));
    return new GradientProgram(program, network, weights, planned, measures);
  }

  /** The gradients on a batch. `state` starts with the parameters and buffers of the network. */
  async run(state: readonly Tensor[], batch: readonly Tensor[]): Promise<BatchGradients> {
    const { parameters, buffers } = splitState(this.network, state);
    const outputs = await this.program.run([...parameters, ...buffers, ...batch]);
    const results = outputs.map(({ data }) => data as Float32Array).values();
    const next = () => results.next().value as Float32Array;
    return {
      loss: next()[0],
      gradients: this.weights.map(next),
      layers: this.measures ? this.layers.map((layer) => numbersOf(layer, next)) : [],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.program.dispose();
  }
}

/** Finds the taps and the norm layers by evaluating shapes once. */
function plan(
  specs: readonly TensorSpec[],
  run: (args: readonly Traced[], probe: ReturnType<typeof normProbe>) => Traced,
): { readonly taps: readonly TensorSpec[]; readonly norms: readonly ProbedNorm[] } {
  const taps: TensorSpec[] = [];
  const norms: ProbedNorm[] = [];
  evaluateShapes(
    (...args) => [
      run(args, normProbe(undefined, { chosen: () => true, tap: notingTap(taps), probed: norms })),
    ],
    specs,
  );
  return { taps, norms };
}

/**
 * y and G of a layer. With a linear op below: products for `removed`, and its chance level squared.
 */
function measured(norm: ProbedNorm, actual: Traced, cotangent: Traced): Traced[] {
  const { x, y, layout, centred, epsilon, linearOp } = norm;
  if (linearOp === null) return [y, cotangent];
  const deviation = centred ? sub(x, groupMean(x, layout)) : x;
  const slope = reciprocal(sqrt(add(groupMean(square(deviation), layout), epsilon)));
  const open = mul(cotangent, slope);
  return [
    ...[y, cotangent],
    weightProducts(linearOp, [actual, sub(open, actual)]),
    chanceSquared(norm, linearOp, slope),
  ];
}

/**
 * The square of `removed` if G were white noise, for batch norm of a linear op whose channels have
 * weight rows of their own:
 *
 *     Σ_c σ_c⁻² (‖A 1‖²/n + ‖A y_c‖² ‖y_c‖²/n²) / Σ_c σ_c⁻² ‖A‖²
 *
 * A holds the inputs as the op uses them. A 1 and A y_c are pullbacks of 1 and y_c to the weight,
 * and ‖A‖² is the sum of the op's outputs for squared inputs and weights of 1.
 */
function chanceSquared(
  { y, layout }: ProbedNorm,
  { value, operands, apply }: LinearOp,
  slope: Traced,
): Traced {
  const n = layout.outer * layout.inner;
  const weight = stopGradient(value);
  const { pullback } = vjp((w) => ({ out: [apply(w, operands)], aux: [] }), [weight]);
  const lengthOf = (cotangent: Traced) => sum(square(pullback([cotangent])[0]));
  const along1 = mul(lengthOf(slope), 1 / n);
  const alongY = lengthOf(mul(mul(y, slope), sqrt(mul(groupMean(square(y), layout), 1 / n))));
  const [input, ...biases] = operands;
  const energies = apply(full(weight.shape, 1, dtypeOf(weight)), [
    square(input),
    ...biases.map((bias) => full(bias.shape, 0, dtypeOf(bias))),
  ]);
  const whole = sum(mul(square(slope), energies));
  return reshape(mul(add(along1, alongY), reciprocal(whole)), [1]);
}

function numbersOf({ layout, centred, weight }: Layer, next: () => Float32Array): LayerNumbers {
  const accumulator = new BlockedSharesAccumulator(layout, { centred });
  accumulator.add(next(), next());
  const { energy, first, diag } = accumulator.result().total;
  const blocked = energy === 0 ? 0 : (first + diag) / energy;
  if (weight === null) return { blocked, removed: null, chance: null };
  return { blocked, removed: weightLoss(weightSumsFromGram(next())).removed, chance: Math.sqrt(next()[0]) };
}
