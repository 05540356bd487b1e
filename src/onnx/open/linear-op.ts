import type { Traced } from "../../engine/lang/index.js";
import type { StructuredLinearOp } from "../../measure/linear-op.js";
import type { Evaluation } from "../evaluation.js";
import type { GraphIndex } from "../graph-index.js";
import type { OnnxNode } from "../model.js";
import { isAnonymous, scopeOf } from "../norms/naming.js";
import { isHost } from "../values/value.js";
import type { LinearOpNodes } from "./linear-op-nodes.js";
import { inputEnergy, weightRows } from "./linear-structure.js";

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
 * The linear op that computes the value `input`, or null where another op does. Between the linear
 * node and `input` there may be changes of shape and additions of values that do not depend on the
 * data (biases).
 */
export function findLinearOp(index: GraphIndex, input: string): LinearOpNodes | null {
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
        data: node.inputs[1 - weight],
        result: input,
      };
    }
    between.push(node);
    const next = passedOn(node, index);
    if (next === null) return null;
    value = next;
  }
}

/**
 * The position of a linear node's weight among its inputs: the input that does not depend on the
 * data.
 */
export function weightInput(node: OnnxNode, index: GraphIndex): 0 | 1 | null {
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

/**
 * The input that a node returns with at most a constant added and its shape changed; null for other
 * nodes.
 */
function passedOn(node: OnnxNode, index: GraphIndex): string | null {
  const [a, b] = node.inputs as [string, string | undefined];
  if (shapeChanges.has(node.op)) return a;
  if ((node.op !== "Add" && node.op !== "Sub") || !b) return null;
  if (!index.dependsOnData(b)) return a;
  return index.dependsOnData(a) ? null : b;
}

/**
 * The first stored tensor that a weight is computed from. Exporters give transposed weights new
 * names.
 */
function parameterName(index: GraphIndex, value: string, node: OnnxNode): string {
  for (let name = value; ; ) {
    // PyTorch stores equal initializers once; the others become Identity nodes that keep their
    // names.
    if (name.endsWith(".weight")) return name;
    const source = index.source(name);
    if (index.graph.initializers.has(source)) return isAnonymous(source) ? `${scopeOf(node)}.weight` : source;
    const writer = index.writer(source);
    if (!writer?.inputs[0]) return source;
    name = writer.inputs[0];
  }
}

/** The linear op as a function of its weight, with the other values taken from `evaluation`. */
export function traceLinearOp(linear: LinearOpNodes, evaluation: Evaluation): StructuredLinearOp {
  const inner = new Set(linear.nodes.flatMap((n) => n.outputs));
  const names = [...new Set(linear.nodes.flatMap((n) => n.inputs))].filter(
    (name) => name && name !== linear.operand && !inner.has(name) && !isHost(evaluation.lookup(name)!),
  );
  const given = (operands: readonly Traced[]) =>
    evaluation.with(new Map(names.map((name, i) => [name, operands[i]])));
  return {
    weight: linear.weight,
    value: evaluation.traced(linear.operand),
    operands: names.map((name) => evaluation.traced(name)),
    apply(weight, operands) {
      const scope = given(operands).with(new Map([[linear.operand, weight]]));
      for (const node of linear.nodes) scope.run(node);
      return scope.traced(linear.result);
    },
    rows: weightRows(linear, evaluation),
    inputEnergy: (operands) => inputEnergy(linear, given(operands)),
  };
}
