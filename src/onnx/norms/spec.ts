import type { OnnxNode } from "../model.js";
import { type NormKind, type NormOperator, normKinds, normOperatorOf } from "./kinds.js";
import type { AffineOperand, OwnDeviation, StatisticsAxes } from "./statistics.js";

/** What a normalization computes: y = (x − μ)/√(v + ε), or x/√(mean x² + ε); then z = γ·y + β. */
export interface NormSpec {
  readonly kind: NormKind;
  /** The axes that mean and variance are taken over. */
  readonly statistics: StatisticsAxes;
  /** Whether the mean is subtracted; false for RMS normalization. */
  readonly centred: boolean;
  /** ε, added to the variance. */
  readonly epsilon: number;
  /** How σ differs from √(v + ε); null where it does not. */
  readonly deviation: OwnDeviation | null;
  /** Name of the value x in the graph. */
  readonly input: string;
  /** Name of the value z in the graph. */
  readonly output: string;
  /** γ; null if the layer has none. */
  readonly scale: AffineOperand | null;
  /** β; null if the layer has none. */
  readonly bias: AffineOperand | null;
  /** Names of the stored mean and variance of a frozen layer; null where the batch gives them. */
  readonly frozen: { readonly mean: string; readonly variance: string } | null;
}

/** A normalization layer found in a model. */
export interface NormLayer extends NormSpec {
  /** The name by which the user knows the layer; unique in the model. */
  readonly name: string;
  /** ONNX operator, or `<operator> (decomposed)` if several nodes compute it together. */
  readonly op: string;
  /**
   * How the file runs the layer. Only batch normalization has an evaluation mode. A frozen layer
   * runs with its stored statistics.
   */
  readonly mode: "training" | "evaluation" | "frozen";
  /**
   * Whether scale and bias are parameters; false for ones and zeros that stand for a missing one.
   */
  readonly affine: { readonly scale: boolean; readonly bias: boolean };
  /** The nodes that compute the layer, in file order; the last one writes `output`. */
  readonly nodes: readonly OnnxNode[];
}

/**
 * The normalization that a single node computes.
 *
 * @param node - Any node of a graph.
 * @param opset - Version of the default operator set of the model.
 * @returns The normalization, or null if `node` computes something else.
 */
export function specOfNode(node: OnnxNode, opset: number): NormSpec | null {
  const found = normOperatorOf(node);
  if (!found) return null;
  const { kind, operator } = found;
  const { centred } = normKinds[kind];
  const per = operator.affine(opset, node);
  const operand = (name: string | undefined): AffineOperand | null => (name ? { value: name, per } : null);
  return {
    kind,
    statistics: operator.statistics(node),
    centred,
    epsilon: node.attributes.number("epsilon", 1e-5),
    deviation: null,
    input: node.inputs[0],
    output: node.outputs[0],
    scale: operand(node.inputs[1]),
    bias: centred ? operand(node.inputs[2]) : null,
    frozen: frozenStatistics(node, operator),
  };
}

function frozenStatistics({ frozen, inputs }: OnnxNode, { running }: NormOperator): NormSpec["frozen"] {
  if (!frozen || !running) return null;
  return { mean: inputs[running.meanInput], variance: inputs[running.varianceInput] };
}
