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

describe("matrix products leave large operands where they are stored", () => {
  it("a stack's products with itself read it transposed", () => {
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

  it("the left operand of a stack as well", () => {
    const fn: TracedFunction = (x, y) => [L.matmul(L.transpose(x, [0, 2, 1]), y)];
    const found = operators(fn, [8, 32, 4], [8, 32, 5]);
    expect(found).toMatchObject({ FusedMatMul: 1 });
    expect(found).not.toHaveProperty("Transpose");
  });

  it("a row times every matrix of a stack", () => {
    const fn: TracedFunction = (x, y) => [L.matmul(x, y)];
    const found = operators(fn, [1, 32], [8, 32, 16]);
    checkGraph(optimize(trace(fn, [tensor([1, 32]), tensor([8, 32, 16])]), OPTIMIZED));
    expect(found).toMatchObject({ MatMul: 1 });
    expect(found).not.toHaveProperty("Transpose");
  });

  it("many rows are worth one product of everything", () => {
    expect(operators((x, y) => [L.matmul(x, y)], [16, 32], [8, 32, 16])).toHaveProperty("Transpose");
  });
});
