import { UserError } from "../../base/errors.js";
import { castTensor, showShape, type TensorSpec } from "../../base/tensor.js";
import * as lang from "../../engine/lang/index.js";
import { Evaluation, isParameter } from "../evaluation.js";
import { GraphIndex } from "../graph-index.js";
import { findHead, traceBeforeHead } from "../head.js";
import type { OnnxModel, OnnxNode } from "../model.js";
import { lossOutputs } from "../model-outputs.js";
import { findNorms, findWeightNorms } from "../norms/find.js";
import { normKinds } from "../norms/kinds.js";
import { layoutOf } from "../norms/layout.js";
import { nestedNormsInWords } from "../norms/nested.js";
import type { NormLayer } from "../norms/spec.js";
import { stopGradientWarnings } from "../stop-gradient.js";
import type { Value } from "../values/value.js";
import { checkExportedSize, type ShapeRun } from "./exported-size.js";
import { foldedBatch } from "./folded-batch.js";
import { networkWeights, weightSources } from "./network-weights.js";
import type { ForwardPass, Hooks, OpenedLayer, OpenedModel, StoredWeight } from "./opened-model.js";
import { type LayerStep, planSteps, type Step } from "./plan-steps.js";
import { runSteps, varianceFactor } from "./run-steps.js";
import { type UnclaimedSearch, unclaimedReductions } from "./unclaimed.js";

/** Inputs, precision and output of a model that is to be opened. */
export interface OpenOptions {
  /** Shapes and element types of the graph's inputs by ONNX name; floats take `precision`. */
  readonly inputs: ReadonlyMap<string, TensorSpec>;
  readonly precision: "float32" | "float64";
  /** Graph output that the loss looks at; by default the first that holds no running statistics. */
  readonly output?: string;
}

/**
 * Opens a model: makes it a traced function for inputs of fixed shapes, in which each normalization
 * of `norms` (from `findNorms`) is split into its two phases. Every batch normalization uses the
 * statistics of the batch, whatever mode the file gives it, unless it is frozen.
 *
 * @param model - The decoded ONNX file.
 * @param norms - The normalizations to split.
 * @param options - Input shapes, precision and the output that the loss reads.
 * @returns The model as a traced function with the shapes of its layers.
 * @throws UserError naming the node where an op is unsupported, shapes do not fit, or the graph
 * holds another batch size than the given one.
 * @example
 * ```ts
 * import { findNorms, openModel, readModel } from "blindspot/onnx";
 *
 * const model = await readModel("model.onnx");
 * const images = { shape: [8, 1, 14, 14], dtype: "float32" } as const;
 * const inputs = new Map([[model.inputs[0].name, images]]);
 * const opened = openModel(model, findNorms(model), { inputs, precision: "float32" });
 * console.log(opened.layers.map(({ norm, inputShape }) => [norm.name, inputShape]));
 * ```
 */
export function openModel(model: OnnxModel, norms: readonly NormLayer[], options: OpenOptions): OpenedModel {
  const { precision } = options;
  const index = new GraphIndex(model);
  const output = outputName(model, options.output);
  const head = findHead(index, output);
  const results = [output, ...(head ? head.node.inputs : [])];
  const { steps, reads } = planSteps(index, model, { layers: norms, results });
  const inputs = requiredInputs(model, reads, options);
  const params = storedWeights(model, reads, precision);
  const stored = new Map(params.map((weight) => [weight.name, weight]));
  const key = `${output} before ${head?.activation}`;

  const run: ModelRun = (paramValues, inputValues, hooks = {}) => {
    const values = new Map<string, Value>([
      ...params.map(({ name }, i) => [name, paramValues[i]] as const),
      ...inputs.map(({ name }) => [name, valueFor(inputValues, name)] as const),
    ]);
    const evaluation = new Evaluation(model, precision, values);
    return { evaluation, linearOps: runSteps(steps, evaluation, hooks) };
  };
  const forward: OpenedModel["forward"] = (paramValues, inputValues, hooks) => {
    const { evaluation, linearOps } = run(paramValues, inputValues, hooks);
    const outputs = new Map([[output, evaluation.traced(output)]]);
    if (head) outputs.set(key, traceBeforeHead(head, evaluation));
    return { outputs, linearOps };
  };

  checkExportedSize({
    model,
    params,
    inputs,
    nodes: steps.flatMap((step) => (step.kind === "node" ? [step.node] : [])),
    run: (...values) => run(...values).evaluation,
  });
  const layerSteps = steps.filter((step) => step.kind === "layer");
  const shapes = traceShapes(
    { params, inputs, run },
    layerSteps.map(({ layer }) => layer),
    { index, output },
  );
  const samples = inputs[0]?.spec.shape[0] ?? 1;
  const layers = layerSteps.map((step, i) => ({
    ...openedLayer(model, step, { shapes: shapes.layers[i], samples }),
    linearOp: step.linearOp && {
      weight: step.linearOp.weight,
      stored: weightSources(index, step.linearOp.operand, stored),
    },
  }));
  return {
    model,
    precision,
    inputs,
    params,
    layers,
    networkWeights: networkWeights(index, steps, stored),
    output: { name: output, spec: shapes.output },
    head: head && { activation: head.activation, key },
    warnings: [
      ...dropoutWarning(steps, index, model.opset),
      ...oneSampleWarning(layers),
      ...modeWarnings(model),
      ...weightNormWarning(model),
      ...nestedWarning(model),
      ...(model.opset > newestOpset
        ? [
            `the model has opset ${model.opset}, newer than ${newestOpset}: operators whose meaning changed since are read in their older one`,
          ]
        : []),
      ...outputWarning(model, options.output),
      ...stopGradientWarnings(
        model,
        steps.flatMap((step) => (step.kind === "node" ? [step.node] : [])),
      ),
      ...unclaimedWarning({
        index,
        nodes: steps.flatMap((step) => (step.kind === "node" ? [step.node] : [])),
        claimed: new Set(findNorms(model).flatMap((norm) => norm.nodes)),
        samples,
        shapeOf: (name) => shapes.of.get(name),
      }),
    ],
    forward,
  };
}

/** The newest version of the default operator set whose operators are known here. */
const newestOpset = 25;

/** One traced pass through the steps of a model. */
type ModelRun = (
  params: readonly lang.Traced[],
  inputs: ReadonlyMap<string, lang.Traced>,
  hooks?: Partial<Hooks>,
) => { readonly evaluation: Evaluation; readonly linearOps: ForwardPass["linearOps"] };

function valueFor<T>(values: ReadonlyMap<string, T>, name: string): T {
  const value = values.get(name);
  if (value === undefined) throw new Error(`no value for input "${name}"`);
  return value;
}

function outputName(model: OnnxModel, asked: string | undefined): string {
  const names = model.outputs.map((o) => o.name);
  if (asked !== undefined && !names.includes(asked))
    throw new UserError(`${model.path}: no output "${asked}"; the model has ${names.join(", ")}`);
  return asked ?? lossOutputs(model)[0].name;
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

function storedWeights(
  model: OnnxModel,
  reads: ReadonlySet<string>,
  precision: "float32" | "float64",
): StoredWeight[] {
  return [...model.initializers.values()]
    .filter((stored) => reads.has(stored.name) && isParameter(stored))
    .map((stored) => ({
      name: stored.name,
      spec: { shape: stored.spec.shape, dtype: precision },
      load: () => castTensor(stored.load(), precision),
    }));
}

/**
 * Dropout in training mode is left out: its noise would be larger than the effects that are
 * measured.
 */
function dropoutWarning(steps: readonly Step[], index: GraphIndex, opset: number): string[] {
  const active = steps.filter(
    (step) => step.kind === "node" && step.node.op === "Dropout" && isActiveDropout(step.node, index, opset),
  );
  return active.length === 0
    ? []
    : [`${active.length} dropout layer(s) are left out: the network is measured without their noise`];
}

/** Says which batch normalizations do not run as the file runs them, or run frozen. */
function modeWarnings(model: OnnxModel): string[] {
  const named = (mode: NormLayer["mode"]) =>
    findNorms(model).flatMap((norm) => (norm.mode === mode ? [norm.name] : []));
  const [frozen, evaluation] = [named("frozen"), named("evaluation")];
  return [
    ...(frozen.length === 0
      ? []
      : [
          `${frozen.length} layer(s) are frozen, ${shortList(frozen)}: they use their stored statistics, as a fixed affine map, and block nothing`,
        ]),
    ...(evaluation.length === 0
      ? []
      : [
          `the file has ${evaluation.length} batch normalization(s) in evaluation mode: they are measured with the statistics of the batch, as in training; give --frozen <glob> for layers that training holds at their stored statistics`,
        ]),
  ];
}

/** Says which normalizations standardize a weight. They hide nothing of a batch. */
function weightNormWarning(model: OnnxModel): string[] {
  const found = findWeightNorms(model);
  return found.length === 0
    ? []
    : [
        `${found.length} normalization(s) of a weight (weight standardization) are no layers of the batch and are not measured: ${shortList(found.map(({ name }) => name))}`,
      ];
}

/** Says which statistics of the batch divide it outside of any layer that was found. */
function unclaimedWarning(search: UnclaimedSearch): string[] {
  const found = unclaimedReductions(search);
  return found.length === 0
    ? []
    : [
        `${found.length} statistic(s) over the batch divide its samples, as in a normalization, but their nodes have no form that is recognized: ${shortList(found.map(({ name, op }) => `${op} "${name}"`))}; what they hide is not measured`,
      ];
}

/** Says which normalizations lie in control flow. */
function nestedWarning(model: OnnxModel): string[] {
  const nested = nestedNormsInWords(model.nodes);
  return nested === null ? [] : [`${nested}: they are not measured`];
}

/** Says which of several outputs the loss looks at, where the user did not. */
function outputWarning(model: OnnxModel, asked: string | undefined): string[] {
  const [taken, ...others] = lossOutputs(model).map(({ name }) => name);
  return asked !== undefined || others.length === 0
    ? []
    : [
        `the model has ${others.length + 1} outputs, and the loss looks at "${taken}" alone: give --model-output for ${shortList(others)}`,
      ];
}

const shortList = (names: readonly string[]): string =>
  names.length <= 5 ? names.join(", ") : `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`;

/** One sample is enough where positions share the statistics, but samples then share nothing. */
function oneSampleWarning(layers: readonly OpenedLayer[]): string[] {
  const { length } = layers.filter(
    ({ norm, inputShape }) => normKinds[norm.kind].acrossSamples && !norm.frozen && inputShape[0] === 1,
  );
  return length === 0
    ? []
    : [
        `the batch has 1 sample: ${length} layer(s) take their statistics over its positions alone; audit the batch size that you train with`,
      ];
}

/**
 * Before opset 12 the runtime chose the mode, and exporters wrote a node only for an active
 * dropout.
 */
function isActiveDropout({ inputs, attributes }: OnnxNode, index: GraphIndex, opset: number): boolean {
  if (opset < 12) return attributes.number("ratio", 0.5) !== 0;
  return index.scalar(inputs[2] ?? "") === 1 && index.scalar(inputs[1] ?? "") !== 0;
}

/** The shapes that a layer has for this batch. */
interface LayerShapes {
  input: readonly number[];
  /** Shape of the value that was reshaped to the input; null where no reshape feeds the layer. */
  source: readonly number[] | null;
  varianceFactor: number;
  scale: readonly number[] | null;
  bias: readonly number[] | null;
}

/** The shapes at the layers and of the output, from one trace of the model without numbers. */
function traceShapes(
  { run, params, inputs }: Pick<ShapeRun, "params" | "inputs"> & { readonly run: ModelRun },
  met: readonly NormLayer[],
  { index, output }: { readonly index: GraphIndex; readonly output: string },
): { layers: LayerShapes[]; output: TensorSpec; of: ReadonlyMap<string, readonly number[]> } {
  const of = new Map<string, readonly number[]>();
  const layers: LayerShapes[] = [];
  const [spec] = lang.evaluateShapes(
    (...args) => {
      const named = new Map(inputs.map(({ name }, i) => [name, args[params.length + i]]));
      const { evaluation } = run(args.slice(0, params.length), named, {
        input(i, x) {
          layers[i] = { input: [...x.shape], source: null, varianceFactor: 1, scale: null, bias: null };
          return x;
        },
        scale(i, gamma) {
          layers[i].scale = [...gamma.shape];
          return gamma;
        },
        bias(i, beta) {
          layers[i].bias = [...beta.shape];
          return beta;
        },
      });
      for (const [i, layer] of met.entries()) {
        const source = reshapedSource(index, layer);
        if (source !== null) layers[i].source = evaluation.lookup(source)?.shape ?? null;
        layers[i].varianceFactor = varianceFactor(layer, layers[i].input, evaluation);
      }
      for (const { outputs, inputs } of index.graph.nodes)
        for (const name of [...inputs, ...outputs]) {
          const value = name ? evaluation.lookup(name) : undefined;
          if (value) of.set(name, [...value.shape]);
        }
      return [evaluation.traced(output)];
    },
    [...params, ...inputs].map(({ spec }) => spec),
  );
  return { layers, output: spec, of };
}

const reshapes = new Set(["Reshape", "Unsqueeze", "Flatten"]);

/** The value that a chain of reshapes turns into the input of a layer; null where there is none. */
function reshapedSource(index: GraphIndex, { input }: NormLayer): string | null {
  const source = index.source(input, reshapes);
  return source === input ? null : source;
}

function openedLayer(
  model: OnnxModel,
  { layer: norm }: LayerStep,
  { shapes, samples }: { readonly shapes: LayerShapes; readonly samples: number },
): Omit<OpenedLayer, "linearOp"> {
  const folded =
    norm.statistics.over === "batch" && !norm.frozen && shapes.source
      ? foldedBatch(shapes.input, shapes.source, samples)
      : null;
  const layout = folded?.layout ?? layoutOf(norm.statistics, shapes.input);
  if (!layout)
    throw new UserError(
      `${model.path}: ${norm.name}: mean and variance over these axes of ${showShape(shapes.input)} are not supported; leave the layer out with --layers`,
    );
  const kind = folded?.kind ?? norm.kind;
  return {
    norm: folded ? { ...norm, kind, op: `${normKinds[kind].operator} (as ${norm.op})` } : norm,
    inputShape: shapes.input,
    layout,
    samples: folded ? samples : shapes.input[0],
    groupedBy: normKinds[kind].groupedBy,
    centred: norm.centred,
    varianceFactor: shapes.varianceFactor,
    affine: { scale: shapes.scale, bias: shapes.bias },
  };
}
