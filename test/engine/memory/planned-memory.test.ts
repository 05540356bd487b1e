import { describe, expect, it } from "vitest";
import { GraphBuilder } from "../../../src/engine/graph/graph.js";
import * as ops from "../../../src/engine/graph/ops.js";
import { lang, lower, type TracedFunction } from "../../../src/engine/index.js";
import { planMemory } from "../../../src/engine/memory/plan.js";

const L = lang;
const row = { shape: [1, 250_000], dtype: "float32" as const };
const spec = (...shape: number[]) => ({ shape, dtype: "float32" as const });

describe("Planned memory", () => {
  const MB = 1e6;

  it("The peak counts the values that live at once", () => {
    // exp(x) dies when its sine is computed, so x, exp(x) and the sine live at once. The sum is
    // small.
    const chain: TracedFunction = (x) => [L.sum(L.sin(L.exp(x)))];
    const { memory } = lower(chain, [spec(250_000)]);
    expect(memory).toEqual({ inputs: MB, outputs: 4, constants: 8, peak: expect.any(Number) });
    expect(memory.peak).toBeGreaterThanOrEqual(3 * MB);
    expect(memory.peak).toBeLessThan(3.01 * MB);
    // The sine and the cosine both live until the product.
    const fork: TracedFunction = (x) => [L.sum(L.mul(L.sin(L.exp(x)), L.cos(x)))];
    expect(lower(fork, [spec(250_000)]).memory.peak).toBeGreaterThanOrEqual(4 * MB);
  });

  it("A reshaped result counts once, and outputs live to the end", () => {
    const fn: TracedFunction = (x) => {
      const y = L.exp(x);
      return [y, L.sum(L.sin(L.reshape(y, [500, 500])))];
    };
    const { memory } = lower(fn, [spec(250_000)]);
    expect(memory.outputs).toBe(MB + 4);
    expect(memory.peak / MB).toBeGreaterThanOrEqual(3);
    expect(memory.peak / MB).toBeLessThan(3.01);
  });

  it("A value is released after its last reader, and an output never", () => {
    const chain: TracedFunction = (x) => [L.sum(L.neg(L.cos(L.sin(L.exp(x)))))];
    expect(lower(chain, [spec(250_000)]).memory.peak).toBeLessThan(3.01 * MB);
    const early: TracedFunction = (x) => {
      const y = L.exp(x);
      return [y, L.sum(L.neg(L.cos(L.sin(y))))];
    };
    expect(lower(early, [spec(250_000)]).memory.peak).toBeGreaterThanOrEqual(4 * MB);
  });

  it("A result that no node reads is released at once", () => {
    const g = new GraphBuilder();
    const x = g.input({ dtype: "float32", shape: [2, 250_000] });
    const [first] = g.multi("Split", [x, g.int64([1, 1])], [row, row], { attributes: { axis: 0 } });
    const graph = g.finish([ops.elementwise(g, "Exp", [ops.elementwise(g, "Sin", [first])])]);
    // First x and both halves live; then x, one half and the results of two operators.
    expect(planMemory(graph).peak / MB).toBeLessThan(4.01);
  });
});
