import { describe, expect, it } from "vitest";
import { lang, lower, type TracedFunction } from "../../src/engine/index.js";

const L = lang;
const spec = (...shape: number[]) => ({ shape, dtype: "float32" as const });

describe("planned memory", () => {
  const MB = 1e6;

  it("counts what is alive at once", () => {
    // exp(x) dies when its sine is made, two images are there at once; the sum is small.
    const chain: TracedFunction = (x) => [L.sum(L.sin(L.exp(x!)))];
    const { memory } = lower(chain, [spec(250_000)]);
    expect(memory).toEqual({ inputs: MB, outputs: 4, constants: 8, peak: expect.any(Number) });
    expect(memory.peak).toBeGreaterThanOrEqual(3 * MB);
    expect(memory.peak).toBeLessThan(3.01 * MB);
    // Both exponentials wait for the product.
    const fork: TracedFunction = (x) => [L.sum(L.mul(L.sin(L.exp(x!)), L.cos(x!)))];
    expect(lower(fork, [spec(250_000)]).memory.peak).toBeGreaterThanOrEqual(4 * MB);
  });

  it("counts a reshaped result once, and outputs to the end", () => {
    const fn: TracedFunction = (x) => {
      const y = L.exp(x!);
      return [y, L.sum(L.sin(L.reshape(y, [500, 500])))];
    };
    const { memory } = lower(fn, [spec(250_000)]);
    expect(memory.outputs).toBe(MB + 4);
    expect(memory.peak / MB).toBeGreaterThanOrEqual(3);
    expect(memory.peak / MB).toBeLessThan(3.01);
  });
});
