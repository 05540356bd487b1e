import type { Traced } from "../engine/lang/index.js";
import type { Evaluation } from "./evaluation.js";
import type { GraphIndex } from "./graph-index.js";
import type { OnnxNode } from "./model.js";
import { isAnonymous, scopeOf } from "./norms/naming.js";
import { isHost } from "./values/value.js";

/** The linear op that feeds a normalization: which node, its weight, and the nodes from there to x. */
export interface LinearBelow {
  /** Name of the parameter, as the user knows it. */
  readonly weight: string;
  /** The linear node first, then bias additions and changes of shape, in order. */
  readonly nodes: readonly OnnxNode[];
  /** Value that holds the weight as the linear node reads it. */
  readonly operand: string;
  /** Value that enters the normalization. */
  readonly result: string;
}

/** A traced linear op: x = W a (+ a constant) as a function of W. */
export interface Below {
  readonly weight: string;
  readonly value: Traced;
  /** The other values that x depends on: the input of the linear op, and biases. */
  readonly operands: readonly Traced[];
  /** x from a weight and the operands, in their order. Affine in the weight. */
  apply(weight: Traced, operands: readonly Traced[]): Traced;
}

const shapeChanges = new Set([
  "Identity",
  "Reshape",
  "Flatten",
  "Squeeze",
  "Unsqueeze",
  "Transpose",
  "Dropout",
  "Cast",
]);

/**
 * The linear op under the value `input`, or null where something else feeds it. Between them there may be
 * changes of shape and sums with values that do not depend on the data (biases).
 */
export function findBelow(index: GraphIndex, input: string): LinearBelow | null {
  const between: OnnxNode[] = [];
  for (let value = input; ; ) {
    const node = index.writer(value);
    if (node?.domain !== "") return null;
    const weight = weightInput(node, index);
    if (weight !== null) {
      const operand = node.inputs[weight];
      return {
        weight: parameterName(index, operand, node),
        nodes: [node, ...between.reverse()],
        operand,
        result: input,
      };
    }
    between.push(node);
    const next = passedOn(node, index);
    if (next === null) return null;
    value = next;
  }
}

/** Which input of a linear node is its weight: the one that does not depend on the data. */
function weightInput(node: OnnxNode, index: GraphIndex): 0 | 1 | null {
  const candidates: readonly (0 | 1)[] =
    node.op === "Conv" || node.op === "ConvTranspose"
      ? [1]
      : node.op === "MatMul" || node.op === "Gemm"
        ? [1, 0]
        : [];
  const [a, b] = node.inputs;
  if (!a || !b) return null;
  const weight = candidates.find((i) => !index.dependsOnData(node.inputs[i]));
  if (weight === undefined) return null;
  return index.dependsOnData(weight === 0 ? b : a) ? weight : null;
}

/** The input that a node passes on with at most a constant added, or null for any other node. */
function passedOn(node: OnnxNode, index: GraphIndex): string | null {
  const [a, b] = node.inputs as [string, string | undefined];
  if (shapeChanges.has(node.op)) return a;
  if ((node.op !== "Add" && node.op !== "Sub") || !b) return null;
  if (!index.dependsOnData(b)) return a;
  return index.dependsOnData(a) ? null : b;
}

/** The first stored tensor that a weight is computed from; exporters rename transposed ones. */
function parameterName(index: GraphIndex, value: string, node: OnnxNode): string {
  for (let name = value; ; ) {
    // An initializer that equals another one is an Identity of it, under its own name.
    if (name.endsWith(".weight")) return name;
    const source = index.source(name);
    if (index.graph.initializers.has(source)) return isAnonymous(source) ? `${scopeOf(node)}.weight` : source;
    const writer = index.writer(source);
    if (!writer?.inputs[0]) return source;
    name = writer.inputs[0];
  }
}

/** The linear op as a function, with the values that it has in `evaluation`. */
export function traceBelow(below: LinearBelow, evaluation: Evaluation): Below {
  const inner = new Set(below.nodes.flatMap((n) => n.outputs));
  const names = [...new Set(below.nodes.flatMap((n) => n.inputs))].filter(
    (name) => name && name !== below.operand && !inner.has(name) && !isHost(evaluation.lookup(name)!),
  );
  return {
    weight: below.weight,
    value: evaluation.traced(below.operand),
    operands: names.map((name) => evaluation.traced(name)),
    apply(weight, operands) {
      const scope = evaluation.with(
        new Map([[below.operand, weight], ...names.map((name, i) => [name, operands[i]] as const)]),
      );
      for (const node of below.nodes) scope.run(node);
      return scope.traced(below.result);
    },
  };
}
