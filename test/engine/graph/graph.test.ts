import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sizeOf, type TensorSpec } from "../../../src/base/tensor.js";
import { planTranspose } from "../../../src/engine/graph/plan-transpose.js";
import { lang, lower, type TracedFunction } from "../../../src/engine/index.js";

const L = lang;
const spec = (...shape: number[]): TensorSpec => ({ shape, dtype: "float32" });

/** How many nodes the compiled graph has of each operator. */
const operatorsOf = (fn: TracedFunction, ...specs: TensorSpec[]): Record<string, number> =>
  Object.fromEntries(lower(fn, specs).operators);

describe("Superfluous operations leave no nodes", () => {
  it("A tap, which adds zeros, leaves no node", () => {
    const tapped = operatorsOf((x) => [L.exp(L.add(x, L.full([2, 3], 0, "float32")))], spec(2, 3));
    expect(tapped).toEqual({ Exp: 1 });
  });
  it("A product with one and a double reversal leave no node", () => {
    expect(operatorsOf((x) => [L.exp(L.mul(L.flip(L.flip(x, [0]), [0]), 1))], spec(2, 3))).toEqual({
      Exp: 1,
    });
  });
  it("Equal operations share one node", () => {
    expect(operatorsOf((x) => [L.add(L.exp(x), L.sin(L.exp(x)))], spec(2, 3))).toEqual({
      Exp: 1,
      Sin: 1,
      Add: 1,
    });
  });
  it("Operations that no output needs leave no node", () => {
    const wasteful: TracedFunction = (x) => {
      L.exp(x);
      return [L.sin(x)];
    };
    expect(operatorsOf(wasteful, spec(2))).toEqual({ Sin: 1 });
  });
  it("Transposes that cancel and broadcasts that are summed move no data", () => {
    const there = (x: lang.Traced) => L.transpose(x, [2, 0, 1]);
    const back = (x: lang.Traced) => L.transpose(x, [1, 2, 0]);
    expect(operatorsOf((x) => [back(L.exp(there(x)))], spec(2, 3, 4))).toEqual({ Exp: 1 });
    const scaled = operatorsOf((x, c) => [back(L.mul(there(x), c))], spec(2, 3, 4), spec(2, 1));
    expect(scaled).not.toHaveProperty("Transpose");
    const sum = operatorsOf((x) => [L.sum(L.broadcastTo(L.exp(x), [5, 3]), [0])], spec(3));
    expect(sum).toEqual({ Exp: 1, Mul: 1 });
  });
  it("A matrix product reads a transposed operand without moving it", () => {
    const right: TracedFunction = (x, w) => [L.matmul(x, L.transpose(w, [1, 0]))];
    expect(operatorsOf(right, spec(4, 3), spec(5, 3))).toEqual({ Gemm: 1 });
    const left: TracedFunction = (x, w) => [L.matmul(L.transpose(x, [1, 0]), w)];
    expect(operatorsOf(left, spec(3, 4), spec(3, 5))).toEqual({ Gemm: 1 });
  });
  it("Separate runs of axes are reduced one after another, unless they are at both ends", () => {
    const sum = (axes: number[]) => operatorsOf((x) => [L.sum(x, axes)], spec(3, 4, 2, 5));
    expect(sum([0, 2])).toEqual({ ReduceSum: 2 });
    expect(sum([0, 2, 3])).toEqual({ ReduceSum: 1 });
  });
  it("A relu is one operator", () => {
    expect(operatorsOf((x) => [L.relu(x)], spec(4))).toEqual({ Relu: 1 });
    expect(operatorsOf((x) => [L.max(x, 0)], spec(4))).toEqual({ Relu: 1 });
  });
});

describe("The ONNX file", () => {
  it("Inputs and outputs have the given names, and unused inputs are left out", () => {
    const { inputs, outputs, bytes } = lower((x) => [L.exp(x)], [spec(2), spec(3)], {
      inputNames: ["image", "label"],
      outputNames: ["v3"],
    });
    expect(inputs).toEqual([
      { name: "image", shape: [2], dtype: "float32", used: true },
      { name: "label", shape: [3], dtype: "float32", used: false },
    ]);
    expect(outputs).toEqual([{ name: "v3", shape: [2], dtype: "float32" }]);
    expect(Buffer.from(bytes).includes("image")).toBe(true);
    expect(Buffer.from(bytes).includes("label")).toBe(false);
  });
  it("Equal constants are stored once", () => {
    const data = Float32Array.from({ length: 50_000 }, (_, i) => i);
    const once = lower((x) => [L.mul(x, L.constant(data, [50_000], "float32"))], [spec(50_000)]);
    const twice = lower(
      (x) => [
        L.mul(x, L.constant(data, [50_000], "float32")),
        L.add(x, L.constant(data.slice(), [50_000], "float32")),
      ],
      [spec(50_000)],
    );
    expect(twice.bytes.length - once.bytes.length).toBeLessThan(1000);
  });
});

describe("Plans of transposes", () => {
  const permutations = fc
    .array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 6 })
    .chain((shape) =>
      fc
        .shuffledSubarray(
          shape.map((_, i) => i),
          { minLength: shape.length },
        )
        .map((perm) => ({ shape, perm })),
    );

  it("The moves of a plan compose to the permutation", () => {
    fc.assert(
      fc.property(permutations, ({ shape, perm }) => {
        const { merged, moves } = planTranspose(shape, perm);
        let tensor = { shape: merged, data: Array.from({ length: sizeOf(shape) }, (_, i) => i) };
        for (const move of moves) tensor = transposed(tensor, move);
        const direct = transposed({ shape, data: Array.from({ length: sizeOf(shape) }, (_, i) => i) }, perm);
        expect(tensor.data).toEqual(direct.data);
      }),
    );
  });
  it("Axes that stay neighbours are merged", () => {
    expect(planTranspose([2, 3, 4, 5], [2, 3, 0, 1])).toEqual({ merged: [6, 20], moves: [[1, 0]] });
    expect(planTranspose([2, 1, 3], [1, 0, 2]).moves).toEqual([]);
    expect(planTranspose([2, 3, 4], [2, 1, 0]).moves).toHaveLength(2);
  });
});

interface Dense {
  readonly shape: readonly number[];
  readonly data: number[];
}

/** A transpose element by element, as the oracle. */
function transposed({ shape, data }: Dense, perm: readonly number[]): Dense {
  const strides = shape.map((_, i) => sizeOf(shape.slice(i + 1)));
  let offsets = [0];
  for (const axis of perm)
    offsets = offsets.flatMap((at) => Array.from({ length: shape[axis] }, (_, i) => at + i * strides[axis]));
  return { shape: perm.map((axis) => shape[axis]), data: offsets.map((at) => data[at]) };
}
