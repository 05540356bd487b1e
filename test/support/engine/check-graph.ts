import { expect } from "vitest";
import { sizeOf } from "../../../src/base/tensor.js";
import type { Graph, Node, Value } from "../../../src/engine/graph/graph.js";

/**
 * Checks what holds for every graph: each value has one origin, which comes before its readers, and
 * the shapes of results are those that ONNX defines.
 */
export function checkGraph({ inputs, constants, nodes, outputs }: Graph): void {
  const known = new Map<Value, readonly number[] | undefined>();
  const ids = new Set<number>();
  const declare = (value: Value) => {
    expect(ids.has(value.id), `value ${value.id} has two origins`).toBe(false);
    ids.add(value.id);
    known.set(value, undefined);
  };
  inputs.forEach(declare);
  for (const { value, data } of constants) {
    declare(value);
    expect(data.length, `constant ${value.id}`).toBe(sizeOf(value.shape));
    if (value.dtype === "int64") known.set(value, Array.from(data, Number));
  }
  for (const node of nodes) {
    for (const input of node.inputs)
      expect(known.has(input), `${node.op} reads value ${input.id} before it is there`).toBe(true);
    const expected = shapeOf(node, (value) => known.get(value) ?? []);
    if (expected !== undefined) expect([...node.outputs[0].shape], describe(node)).toEqual(expected);
    node.outputs.forEach(declare);
    // A shape may pass through these operators.
    if (["Identity", "Reshape"].includes(node.op)) known.set(node.outputs[0], known.get(node.inputs[0]));
  }
  for (const output of outputs) expect(known.has(output), `output ${output.id}`).toBe(true);
}

const describe = ({ op, inputs }: Node): string =>
  `${op}(${inputs.map(({ shape }) => `[${shape}]`).join(", ")})`;

const ELEMENTWISE = new Set([
  ...["Add", "Sub", "Mul", "Div", "Max", "Min", "Less", "LessOrEqual", "Equal", "And", "Or", "Where", "Mod"],
  ...["Neg", "Relu", "Cast", "Exp", "Log", "Sqrt", "Reciprocal", "Sin", "Cos", "Not", "Identity", "Abs"],
]);

/**
 * The shape of the result by ONNX's definition of the operator; undefined for operators that are
 * not listed.
 */
function shapeOf({ op, inputs, attributes }: Node, listOf: (value: Value) => readonly number[]) {
  const [a, b] = inputs.map(({ shape }) => shape) as [readonly number[], readonly number[]];
  const list = (i: number) => listOf(inputs[i]);
  if (ELEMENTWISE.has(op)) return inputs.map(({ shape }) => [...shape]).reduce(broadcast);
  switch (op) {
    case "Reshape":
      expect(sizeOf(list(1)), `Reshape [${a}] to [${list(1)}]`).toBe(sizeOf(a));
      return [...list(1)];
    case "Expand":
      return broadcast([...a], [...list(1)]);
    case "Transpose":
      return (attributes.perm as number[]).map((axis) => a[axis]);
    case "ReduceSum":
    case "ReduceMax":
    case "ReduceMin":
    case "ReduceProd":
      return a.filter((_, axis) => !list(1).includes(axis));
    case "MatMul":
    case "FusedMatMul":
    case "Gemm":
      return product(a, b, attributes.transA === 1, attributes.transB === 1);
    case "Gather":
      return [...a.slice(0, attributes.axis as number), ...b, ...a.slice((attributes.axis as number) + 1)];
    case "Pad":
      return a.map((n, i) => n + list(1)[i] + list(1)[i + a.length]);
    case "Concat": {
      const axis = attributes.axis as number;
      for (const { shape } of inputs) expect(shape.with(axis, 0)).toEqual(a.with(axis, 0));
      return a.with(
        axis,
        inputs.reduce((sum, { shape }) => sum + shape[axis], 0),
      );
    }
    default:
      return undefined;
  }
}

function broadcast(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const [m, n] = [a[i - rank + a.length] ?? 1, b[i - rank + b.length] ?? 1];
    expect(m === n || m === 1 || n === 1, `[${a}] and [${b}] broadcast`).toBe(true);
    return m === 1 ? n : m;
  });
}

function product(a: readonly number[], b: readonly number[], transA: boolean, transB: boolean): number[] {
  const [m, k] = transA ? [a.at(-1)!, a.at(-2)!] : [a.at(-2)!, a.at(-1)!];
  const [inner, n] = transB ? [b.at(-1)!, b.at(-2)!] : [b.at(-2)!, b.at(-1)!];
  expect(inner, `product of [${a}] and [${b}]`).toBe(k);
  return [...broadcast(a.slice(0, -2), b.slice(0, -2)), m, n];
}
