import { UserError } from "../base/errors.js";
import { castTensor, showShape, type Tensor, type TensorSpec } from "../base/tensor.js";
import type { Traced } from "../engine/lang/index.js";
import * as lang from "../engine/lang/index.js";
import type { GroupLayout } from "../theory/layout.js";
import { type Below, findBelow, type LinearBelow, traceBelow } from "./below.js";
import { Evaluation, isParameter } from "./evaluation.js";
import { GraphIndex } from "./graph-index.js";
import { findHead, type Head, traceBeforeHead } from "./head.js";
import type { OnnxModel, OnnxNode } from "./model.js";
import { layoutOf, type Moments, normalize } from "./norms/normalize.js";
import type { AffineOperand, NormLayer, Statistics } from "./norms/spec.js";
import { planSteps, type Step } from "./plan.js";
import { broadcastShapes } from "./values/host.js";
import type { Value } from "./values/value.js";

export interface OpenOptions {
  /** Shapes and element types of the graph's inputs by ONNX name; floats take `precision`. */
  readonly inputs: ReadonlyMap<string, TensorSpec>;
  readonly precision: "float32" | "float64";
  /** Graph output that the loss looks at; the first one by default. */
  readonly output?: string;
}

/** A stored tensor that is an input of the opened function. */
export interface Parameter {
  readonly name: string;
  readonly spec: TensorSpec;
  /** Its elements in the precision asked for. */
  load(): Tensor;
}

/** A normalization layer with the shapes that it has for this batch. */
export interface OpenedLayer {
  readonly norm: NormLayer;
  readonly inputShape: readonly number[];
  readonly layout: GroupLayout;
  /** What one group of the layout stands for. */
  readonly groupedBy: "channel" | "sample" | "group";
  readonly centred: boolean;
  /** The weight of the linear op that feeds the layer, if one does. */
  readonly below: { readonly weight: string } | null;
}

/**
 * Called while tracing, once per layer in execution order; may return other values, such as ones with a
 * tap added. What they return is seen on this edge only, not by other readers of the same value.
 */
export interface Hooks {
  /** x entering the standardization. */
  input(layer: number, x: Traced): Traced;
  /** μ and σ of the batch; return others to standardize with those, null to leave them. */
  moments(layer: number, own: Moments): Moments | null;
  /** y, output of the standardization, in the shape of x; σ broadcasts against it. */
  standardized(layer: number, y: Traced, sigma: Traced): Traced;
  /** γ and β on this edge; not called for a layer without affine parameters. */
  scale(layer: number, gamma: Traced): Traced;
  bias(layer: number, beta: Traced): Traced;
  /** z = γ·y + β, as the rest of the model reads it; `affine` maps any y to its z. */
  output(layer: number, z: Traced, affine: (y: Traced) => Traced): Traced;
}

export interface Results {
  /** The output that the loss looks at, and under `head.key` the same without its last activation. */
  readonly outputs: ReadonlyMap<string, Traced>;
  /** Per layer, the linear op that feeds it. */
  readonly below: readonly (Below | null)[];
}

/** A model as a traced function with its normalization layers laid open. */
export interface OpenedModel {
  readonly model: OnnxModel;
  readonly precision: "float32" | "float64";
  /** Inputs of the graph that the results depend on, as the function takes them. */
  readonly inputs: readonly { readonly name: string; readonly spec: TensorSpec }[];
  readonly params: readonly Parameter[];
  readonly layers: readonly OpenedLayer[];
  readonly output: { readonly name: string; readonly spec: TensorSpec };
  /** The activation that ends the model, and the key of the value before it in `Results.outputs`. */
  readonly head: { readonly activation: Head["activation"]; readonly key: string } | null;
  /** What the user should know about how the model is run here. */
  readonly warnings: readonly string[];
  /** Traces the model. `params` in the order of `this.params`. */
  forward(params: readonly Traced[], inputs: ReadonlyMap<string, Traced>, hooks?: Partial<Hooks>): Results;
}

/**
 * The model as a function for inputs of fixed shapes, with `norms` (from `findNorms`) laid open. Every batch
 * normalization runs with the statistics of the batch, whatever mode the file gives it.
 * @throws UserError naming the node where an op is unsupported or shapes do not fit.
 */
export function openModel(model: OnnxModel, norms: readonly NormLayer[], options: OpenOptions): OpenedModel {
  const { precision } = options;
  const index = new GraphIndex(model);
  const output = outputName(model, options.output);
  const head = findHead(index, output);
  const { steps, reads } = planSteps(model, norms, [output, ...(head ? head.node.inputs : [])]);
  const layers = steps.flatMap((step) => (step.kind === "layer" ? [step.layer] : []));
  const belows = layers.map((layer) => findBelow(index, layer.input));
  const inputs = requiredInputs(model, reads, options);
  const params = parametersOf(model, reads, precision);
  const key = `${output} before ${head?.activation}`;

  const forward: OpenedModel["forward"] = (paramValues, inputValues, hooks = {}) => {
    const values = new Map<string, Value>([
      ...params.map(({ name }, i) => [name, paramValues[i]] as const),
      ...inputs.map(({ name }) => [name, inputValues.get(name)!] as const),
    ]);
    const evaluation = new Evaluation(model, precision, values);
    const below = runSteps(steps, belows, evaluation, hooks);
    const outputs = new Map([[output, evaluation.traced(output)]]);
    if (head) outputs.set(key, traceBeforeHead(head, evaluation));
    return { outputs, below };
  };

  const shapes = traceShapes(forward, params, inputs, layers.length, output);
  return {
    model,
    precision,
    inputs,
    params,
    layers: layers.map((norm, i) => openedLayer(model, norm, shapes.layers[i], belows[i]!)),
    output: { name: output, spec: shapes.output },
    head: head && { activation: head.activation, key },
    warnings: [...dropoutWarning(steps, index, model.opset)],
    forward,
  };
}

function outputName(model: OnnxModel, asked: string | undefined): string {
  const names = model.outputs.map((o) => o.name);
  if (asked !== undefined && !names.includes(asked))
    throw new UserError(`${model.path}: no output "${asked}"; the model has ${names.join(", ")}`);
  return asked ?? names[0];
}

function requiredInputs(
  model: OnnxModel,
  reads: ReadonlySet<string>,
  { inputs, precision }: OpenOptions,
): { name: string; spec: TensorSpec }[] {
  return model.inputs
    .filter(({ name }) => reads.has(name))
    .map(({ name }) => {
      const given = inputs.get(name);
      if (!given) throw new UserError(`${model.path}: no value given for input "${name}"`);
      const dtype = lang.isFloat(given.dtype) ? precision : given.dtype === "bool" ? "bool" : "int32";
      return { name, spec: { shape: given.shape, dtype } };
    });
}

function parametersOf(
  model: OnnxModel,
  reads: ReadonlySet<string>,
  precision: "float32" | "float64",
): Parameter[] {
  return [...model.initializers.values()]
    .filter((stored) => reads.has(stored.name) && isParameter(stored))
    .map((stored) => ({
      name: stored.name,
      spec: { shape: stored.spec.shape, dtype: precision },
      load: () => castTensor(stored.load(), precision),
    }));
}

/** Dropout in training mode is random and would drown what is measured; it is left out. */
function dropoutWarning(steps: readonly Step[], index: GraphIndex, opset: number): string[] {
  const active = steps.filter(
    (step) => step.kind === "node" && step.node.op === "Dropout" && isActiveDropout(step.node, index, opset),
  );
  return active.length === 0
    ? []
    : [`${active.length} dropout layer(s) are left out: what is measured is the network without noise`];
}

/** Before opset 12 the mode was left to the runtime; exporters write no node for a dropout that does nothing. */
function isActiveDropout({ inputs, attributes }: OnnxNode, index: GraphIndex, opset: number): boolean {
  if (opset < 12) return attributes.number("ratio", 0.5) !== 0;
  return index.scalar(inputs[2] ?? "") === 1 && index.scalar(inputs[1] ?? "") !== 0;
}

/** Evaluates the steps; yields the linear op below each layer. */
function runSteps(
  steps: readonly Step[],
  belows: readonly (LinearBelow | null)[],
  evaluation: Evaluation,
  hooks: Partial<Hooks>,
): (Below | null)[] {
  const found: (Below | null)[] = [];
  for (const step of steps) {
    if (step.kind === "node") {
      evaluation.run(step.node);
      continue;
    }
    const i = found.length;
    const below = belows[i]!;
    evaluation.set(step.layer.output, runLayer(step.layer, i, evaluation, hooks));
    found.push(below && traceBelow(below, evaluation));
  }
  return found;
}

function runLayer(layer: NormLayer, i: number, evaluation: Evaluation, hooks: Partial<Hooks>): Traced {
  const where = `${evaluation.model.path}: ${layer.name}: ${layer.op}`;
  const x = evaluation.traced(layer.input);
  const scale = layer.scale && evaluation.traced(layer.scale.value);
  const bias = layer.bias && evaluation.traced(layer.bias.value);
  checkLayer(where, layer, x, scale, bias);
  return normalize(
    layer,
    x,
    { scale, bias },
    {
      input: (v) => hooks.input?.(i, v) ?? v,
      moments: (own) => hooks.moments?.(i, own) ?? null,
      standardized: (y, sigma) => hooks.standardized?.(i, y, sigma) ?? y,
      scale: (gamma) => (layer.affine.scale && hooks.scale?.(i, gamma)) || gamma,
      bias: (beta) => (layer.affine.bias && hooks.bias?.(i, beta)) || beta,
      output: (z, affine) => hooks.output?.(i, z, affine) ?? z,
    },
  );
}

function checkLayer(
  where: string,
  layer: NormLayer,
  x: Traced,
  scale: Traced | null,
  bias: Traced | null,
): void {
  if (x.ndim < 2) throw new UserError(`${where} expects at least 2 axes, got ${showShape(x.shape)}`);
  if (layer.statistics.over === "groups" && x.shape[1] % layer.statistics.groups !== 0)
    throw new UserError(
      `${where} expects channels in ${layer.statistics.groups} equal groups, got ${showShape(x.shape)}`,
    );
  for (const [role, value, operand] of [
    ["scale", scale, layer.scale],
    ["bias", bias, layer.bias],
  ] as const) {
    if (!value || !operand) continue;
    const expected = affineShape(operand.per, layer.statistics, x.shape);
    const fits = expected
      ? value.shape.join() === expected.join()
      : broadcastShapes(x.shape, value.shape)?.join() === x.shape.join();
    if (!fits)
      throw new UserError(
        `${where} expects ${role} ${showShape(expected ?? x.shape.slice(1))}, got ${showShape(value.shape)}`,
      );
  }
}

/** The shape that a scale or bias must have, or null where it only has to broadcast against x. */
function affineShape(
  per: AffineOperand["per"],
  statistics: Statistics,
  shape: readonly number[],
): number[] | null {
  if (per === "channel") return [shape[1]];
  return per === "group" && statistics.over === "groups" ? [statistics.groups] : null;
}

/** Shapes at the layers and of the output, from tracing the model once without numbers. */
function traceShapes(
  forward: OpenedModel["forward"],
  params: readonly Parameter[],
  inputs: OpenedModel["inputs"],
  layerCount: number,
  output: string,
): { layers: (readonly number[])[]; output: TensorSpec } {
  const layers: (readonly number[])[] = new Array(layerCount);
  const [spec] = lang.evaluateShapes(
    (...args) => {
      const named = new Map(inputs.map(({ name }, i) => [name, args[params.length + i]]));
      const { outputs } = forward(args.slice(0, params.length), named, {
        input(i, x) {
          layers[i] = [...x.shape];
          return x;
        },
      });
      return [outputs.get(output)!];
    },
    [...params, ...inputs].map(({ spec }) => spec),
  );
  return { layers, output: spec };
}

function openedLayer(
  model: OnnxModel,
  norm: NormLayer,
  shape: readonly number[],
  below: LinearBelow | null,
): OpenedLayer {
  const layout = layoutOf(norm.statistics, shape);
  if (!layout)
    throw new UserError(
      `${model.path}: ${norm.name}: mean and variance over these axes of ${showShape(shape)} are not supported; leave the layer out with --layers`,
    );
  const groupedBy = {
    batch: "channel",
    layer: "sample",
    rms: "sample",
    instance: "group",
    group: "group",
  } as const;
  return {
    norm,
    inputShape: shape,
    layout,
    groupedBy: groupedBy[norm.kind],
    centred: norm.centred,
    below: below && { weight: below.weight },
  };
}
