import { describe, expect, it } from "vitest";
import { lang, lower, type TracedFunction } from "../../../../src/engine/index.js";
import { optimize } from "../../../../src/engine/lowering/lower.js";
import { OPTIMIZED } from "../../../../src/engine/lowering/optimizations.js";
import { trace } from "../../../../src/engine/tracing/trace.js";
import { checkGraph } from "../../../support/engine/check-graph.js";
import { tensor } from "../../../support/engine/programs.js";

const L = lang;
const operators = (fn: TracedFunction, ...shapes: number[][]) =>
  Object.fromEntries(
    lower(
      fn,
      shapes.map((shape) => ({ shape, dtype: "float32" as const })),
    ).operators,
  );

describe("A matrix product leaves large operands as they are stored", () => {
  it("A stack times itself reads one operand transposed, without a Transpose", () => {
    const gram: TracedFunction = (...parts) => {
      const stacked = L.concat(
        parts.map((part) => L.reshape(part, [8, 1, 32])),
        1,
      );
      return [L.matmul(stacked, L.transpose(stacked, [0, 2, 1]))];
    };
    const found = operators(gram, [256], [256], [256]);
    expect(found).toMatchObject({ Concat: 1, FusedMatMul: 1 });
    expect(found).not.toHaveProperty("Transpose");
  });

  it("A stack reads its left operand transposed, too", () => {
    const fn: TracedFunction = (x, y) => [L.matmul(L.transpose(x, [0, 2, 1]), y)];
    const found = operators(fn, [8, 32, 4], [8, 32, 5]);
    expect(found).toMatchObject({ FusedMatMul: 1 });
    expect(found).not.toHaveProperty("Transpose");
  });

  it("A row times every matrix of a stack is one product", () => {
    const fn: TracedFunction = (x, y) => [L.matmul(x, y)];
    const found = operators(fn, [1, 32], [8, 32, 16]);
    checkGraph(optimize(trace(fn, [tensor([1, 32]), tensor([8, 32, 16])]), OPTIMIZED));
    expect(found).toMatchObject({ MatMul: 1 });
    expect(found).not.toHaveProperty("Transpose");
  });

  it("Many rows times a stack are one product with the stack transposed", () => {
    expect(operators((x, y) => [L.matmul(x, y)], [16, 32], [8, 32, 16])).toHaveProperty("Transpose");
  });
});
