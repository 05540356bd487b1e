import { sizeOf } from "../../../base/tensor.js";
import type { Graph, Node, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import type { Optimizations } from "../optimizations.js";
import { rewrite } from "./rewrite.js";

/**
 * Replaces `mask ? x : 0` by mask · x, with the mask as 0 and 1. ONNX Runtime multiplies several
 * times faster than it selects.
 *
 * The two differ where x is not finite and the mask is 0, as 0 · ∞ is NaN. So a choice stays where
 * x comes, element by element, from an operator that makes infinities of finite numbers: `where(x >
 * 0, log(x), 0)`. Sums, matrix products, and factors that many elements share count as finite.
 */
export function multiplyMasks(graph: Graph, optimizations: Optimizations): Graph {
  const zeros = new Set(
    graph.constants.filter(({ data }) => data.every((x) => Number(x) === 0)).map((c) => c.value),
  );
  const finite = finiteValues(graph);
  const producers = producersOf(graph);
  const relus = new Map<Value, Value>();
  return rewrite(graph, optimizations, (node, { g, of, copy }) => {
    if (node.op === "Relu") relus.set(node.inputs[0], node.outputs[0]);
    if (node.op !== "Where") return copy(node);
    const [mask, x, y] = node.inputs as [Value, Value, Value];
    if (!ops.isFloat(x.dtype)) return copy(node);
    const { shape } = node.outputs[0];
    // 0 < z and 0 < relu(z) are the same mask. The layer above keeps relu(z), so z need not be
    // kept.
    const comparison = producers.get(mask);
    const [zero, z] = comparison?.op === "Less" ? comparison.inputs : [];
    const positive = zero !== undefined && zeros.has(zero) ? relus.get(z) : undefined;
    const condition =
      positive === undefined ? of(mask) : g.node("Less", [of(zero), of(positive)], comparison!.outputs[0]);
    const select = (condition: Value, value: Value) => {
      const factor = ops.cast(g, condition, x.dtype);
      return [g.node("Mul", [of(value), factor], { dtype: x.dtype, shape })];
    };
    if (zeros.has(y) && finite.has(x)) return select(condition, x);
    if (zeros.has(x) && finite.has(y)) return select(g.node("Not", [condition], mask), y);
    return copy(node);
  });
}

/** Operators that can return infinities or NaN for finite operands. */
const UNBOUNDED = new Set(["Log", "Reciprocal", "Div", "Sqrt", "Exp", "Mod", "ScatterND"]);

/** Operators that act element by element, or that select and move elements. */
const ELEMENTWISE = new Set([
  ...["Add", "Sub", "Mul", "Neg", "Abs", "Min", "Max", "Relu", "Where", "Floor", "Ceil", "Sin", "Cos", "Erf"],
  ...["Reshape", "Transpose", "Expand", "Slice", "Pad", "Concat", "Gather", "GatherND", "Split", "Cast"],
  ...["MaxPool", "Resize", "Identity"],
]);

/** The values that are known to be finite where the graph's inputs are finite. */
function finiteValues(graph: Graph): ReadonlySet<Value> {
  const producers = producersOf(graph);
  const finite = new Set<Value>([...graph.inputs, ...graph.constants.map(({ value }) => value)]);
  for (const { op, inputs, outputs } of graph.nodes) {
    const shared = (input: Value) => sizeOf(input.shape) * 8 <= sizeOf(outputs[0].shape);
    const harmless = (input: Value) => !ops.isFloat(input.dtype) || shared(input) || finite.has(input);
    const bounded = !UNBOUNDED.has(op) || (op === "Reciprocal" && countsTies(inputs[0], producers));
    if (ELEMENTWISE.has(op) ? inputs.every(harmless) : bounded)
      for (const output of outputs) finite.add(output);
  }
  return finite;
}

type Producers = ReadonlyMap<Value, Node>;

const producersOf = ({ nodes }: Graph): Producers =>
  new Map(nodes.flatMap((node) => node.outputs.map((output) => [output, node])));

/**
 * Whether x is the number of elements that equal the largest (or smallest) element of their set.
 * Such a count is at least 1, so its reciprocal is finite. The count over a window is an average
 * times the window's size.
 */
function countsTies(x: Value, producers: Producers): boolean {
  const cast = producers.get(source(x, ["ReduceSum", "AveragePool", "Mul", "Reshape"], producers));
  const equal = cast?.op === "Cast" ? producers.get(cast.inputs[0]) : undefined;
  if (equal?.op !== "Equal") return false;
  const [a, b] = equal.inputs.map((operand) =>
    source(operand, ["ReduceMax", "ReduceMin", "MaxPool", "Reshape"], producers),
  );
  return a === b;
}

/** The value at the start of a chain of these operators that ends in x. */
function source(x: Value, operators: readonly string[], producers: Producers): Value {
  const node = producers.get(x);
  return node !== undefined && operators.includes(node.op) ? source(node.inputs[0], operators, producers) : x;
}
