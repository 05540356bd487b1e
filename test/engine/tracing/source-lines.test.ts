import { describe, expect, it } from "vitest";
import { lang, lower, type TracedFunction } from "../../../src/engine/index.js";
import { borrow } from "../../../src/engine/lang/borrow.js";
import { lax, type Traced } from "../../../src/engine/tracing/jax.js";

const L = lang;
const spec = (...shape: number[]) => ({ shape, dtype: "float32" as const });

/** The innermost source line of every node of an operator. */
function linesOf(fn: TracedFunction, specs: ReturnType<typeof spec>[], op: string): number[] {
  const { sources } = lower(fn, specs, { sourceLines: true });
  return [...sources].filter(([name]) => name.includes(`/${op}_`)).map(([, lines]) => lines[0].line);
}

function affine(x: Traced, w: Traced): Traced {
  return L.matmul(x, w);
}

describe("Source lines", () => {
  it("A node has the lines of the calls that made it, innermost first", () => {
    const fn: TracedFunction = (x, w) => {
      const y = affine(x, w);
      return [L.exp(y)];
    };
    const { sources } = lower(fn, [spec(4, 3), spec(3, 2)], { sourceLines: true });
    const of = (op: string) => [...sources].find(([name]) => name.includes(`/${op}_`))![1];
    const here = of("Exp")[0].line;
    expect(of("Exp").map(({ line }) => line)).toEqual([here]);
    expect(of("Exp")[0].file).toMatch(/source-lines\.test\.ts$/);
    expect(of("MatMul").map(({ line }) => line)[1]).toBe(here - 1);
    expect(of("MatMul")[0].within).toBe("affine");
  });

  it("A node of a backward pass has the lines of the differentiated operation", () => {
    const loss: TracedFunction = (x, w) => {
      const h = L.exp(affine(x, w));
      return [L.sum(L.sin(h))];
    };
    const gradient: TracedFunction = (x, w) =>
      L.valueAndGrad((a) => ({ value: loss(x, a)[0], aux: [] }), [w]).grads;
    const specs = [spec(4, 3), spec(3, 2)];
    const [matmul] = linesOf(loss, specs, "MatMul");
    const [sin] = linesOf(loss, specs, "Sin");
    // The gradient of the product is a product, and the gradient of the sine is a cosine.
    const { operators } = lower(gradient, specs);
    expect(operators.get("MatMul") ?? 0).toBeGreaterThan(0);
    expect(linesOf(gradient, specs, "Cos")).toEqual([sin]);
    expect(new Set([...linesOf(gradient, specs, "MatMul"), ...linesOf(gradient, specs, "Gemm")])).toEqual(
      new Set([matmul]),
    );
  });

  it("Looking for source lines does not change the graph", () => {
    const fn: TracedFunction = (x, w) =>
      L.valueAndGrad((a) => ({ value: L.sum(L.relu(affine(x, a))), aux: [] }), [w]).grads;
    const specs = [spec(4, 3), spec(3, 2)];
    expect(lower(fn, specs, { sourceLines: true }).bytes).toEqual(lower(fn, specs).bytes);
    expect(lower(fn, specs).sources.size).toBe(0);
  });

  it("The refusal of an operation begins with its line", () => {
    const fn: TracedFunction = (x) => [L.exp(lax.linalg.cholesky(borrow(x)) as Traced)];
    const [line] = linesOf((x) => [L.exp(x)], [spec(3, 3)], "Exp");
    expect(() => lower(fn, [spec(3, 3)])).toThrow(
      new RegExp(
        `source-lines\\.test\\.ts:${line - 1}:\\d+: cholesky: cannot compile the Cholesky decomposition of \\[3,3\\]`,
      ),
    );
  });
});
