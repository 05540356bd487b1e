import * as runtime from "onnxruntime-node";
import { afterAll, describe, expect, it } from "vitest";
import { emit } from "../../src/engine/graph/emit.js";
import { GraphBuilder, type GraphDType } from "../../src/engine/graph/graph.js";
import { lang, lower } from "../../src/engine/index.js";
import { borrow } from "../../src/engine/lang/borrow.js";
import { type JaxArray, lax, makeJaxpr, numpy as np, type Traced } from "../../src/engine/tracing/jax.js";
import { eager, oracle, tensor } from "../support/engine/programs.js";

/**
 * Faults of packages that the engine works around (docs/upstream.md). Each test passes while the
 * fault exists. When a test fails after an upgrade, the workaround that it names can be removed.
 */

const L = lang;

describe("jax-js", () => {
  afterAll(() => oracle("wasm"));

  it("rounds numbers to float32 in float64 code (tracing/literals.ts; lang/pair.ts types every number)", () => {
    const { jaxpr } = makeJaxpr((x: JaxArray) => x.mul(0.1))(np.zeros([2], { dtype: "float64" as never }));
    expect(String(jaxpr)).toContain(String(Math.fround(0.1)));
  });

  it("computes exp of float64 arrays in float32 on wasm (test/support/engine/programs.ts chooses the oracle)", () => {
    oracle("wasm");
    const x = Float64Array.from({ length: 50 }, (_, i) => i / 37);
    const y = np.exp(np.array(x as never, { dtype: "float64" as never })).dataSync();
    const errors = Array.from(x, (v, i) => Math.abs(Math.exp(v) - Number(y[i])));
    expect(Math.max(...errors)).toBeGreaterThan(1e-9);
  });

  it("multiplies a matrix by a stack of matrices wrongly (lang/linear.ts brings operands to one rank)", () => {
    const multiply = () => np.matmul(np.ones([2, 3]), np.ones([4, 3, 5])).shape;
    let shape: unknown;
    try {
      shape = multiply();
    } catch (error) {
      shape = String(error);
    }
    expect(shape).not.toEqual([4, 2, 5]);
  });

  it.skipIf(Number(process.versions.node.split(".")[0]) >= 22)(
    "cannot read einsum equations on Node 20 (lang/linear.ts passes axes)",
    () => {
      expect(() => np.einsum("ij,jk->ik", np.ones([2, 3]), np.ones([3, 2]))).toThrow();
    },
  );

  it("adds the cut part of a cotangent to element 0 (random-programs.test.ts scales picked elements)", () => {
    const x = tensor([4]);
    const indices = L.constant(Int32Array.of(0, 1, 1), [3], "int32");
    const gradient = (after: (y: Traced) => Traced) =>
      eager(
        (a) => {
          const value = (b: Traced) => L.sum(L.exp(after(L.take(b, indices, 0))));
          return L.valueAndGrad((b) => ({ value: value(b), aux: [] }), [a]).grads;
        },
        [x],
      )[0].data;
    const padded = gradient((y) => L.pad(y, [[0, 1]]));
    // The padding is constant, so the gradient is the same without padding.
    const exact = gradient((y) => y);
    expect(padded[1]).toBe(exact[1]);
    expect(padded[0]).not.toBeCloseTo(exact[0], 3);
  });

  it("refuses the gradient of a convolution that leaves most of its input unread (conv.test.ts leaves such cases out)", () => {
    const padded = (x: Traced, w: Traced) =>
      lax.convGeneralDilated(borrow(x), borrow(w), [3], [[0, 3]]) as Traced;
    const gradient = () =>
      lower(
        (x, w) => L.valueAndGrad((a) => ({ value: L.sum(padded(a, w)), aux: [] }), [x]).grads,
        [
          { shape: [1, 1, 1], dtype: "float32" },
          { shape: [1, 1, 1], dtype: "float32" },
        ],
      );
    expect(gradient).toThrow("is too negative");
  });
});

describe("ONNX Runtime", () => {
  const run = async (
    build: (g: GraphBuilder, x: ReturnType<GraphBuilder["input"]>) => ReturnType<GraphBuilder["input"]>,
    dtype: GraphDType,
    shape: number[],
    data: Float32Array | Float64Array,
  ) => {
    const g = new GraphBuilder();
    const x = g.input({ dtype, shape });
    const bytes = emit(g.finish([build(g, x)]), { inputs: ["x"], outputs: ["y"] });
    const session = await runtime.InferenceSession.create(bytes, { logSeverityLevel: 4 });
    const results = await session.run({
      x: new runtime.Tensor(dtype as "float32", data as Float32Array, shape),
    });
    await session.release();
    return results.y.data as Float32Array;
  };

  it("has no convolution in float64 (lowering/rules/conv makes it a matrix product)", async () => {
    const conv = run(
      (g, x) => {
        const w = g.constant("float64", [1, 1, 1], Float64Array.of(2));
        return g.node("Conv", [x, w], { dtype: "float64", shape: [1, 1, 4] });
      },
      "float64",
      [1, 1, 4],
      new Float64Array(4),
    );
    await expect(conv).rejects.toThrow("Could not find an implementation");
  });

  it("takes the largest of −∞ to be the lowest finite number (said at lowering/rules/pool.ts)", async () => {
    const y = await run(
      (g, x) =>
        g.node(
          "MaxPool",
          [x],
          { dtype: "float32", shape: [1, 1, 1] },
          { attributes: { kernel_shape: [2], strides: [2] } },
        ),
      "float32",
      [1, 1, 2],
      new Float32Array(2).fill(Number.NEGATIVE_INFINITY),
    );
    expect(y[0]).toBe(-3.4028234663852886e38);
  });

  it("adds the rows of a tensor to one float32 accumulator (lowering/rules/reduce.ts sums in runs)", async () => {
    const rows = 50_000;
    const data = Float32Array.from({ length: rows * 16 }, () => 0.1);
    const y = await run(
      (g, x) =>
        g.node(
          "ReduceSum",
          [x, g.int64([0])],
          { dtype: "float32", shape: [16] },
          { attributes: { keepdims: 0 } },
        ),
      "float32",
      [rows, 16],
      data,
    );
    const exact = rows * Math.fround(0.1);
    expect(Math.abs(y[0] - exact) / exact).toBeGreaterThan(1e-6);
  });
});

it("ONNX Runtime for Node copies results that it has written to given tensors (loop.ts says so)", async () => {
  const g = new GraphBuilder();
  const x = g.input({ dtype: "float32", shape: [2] });
  const bytes = emit(g.finish([g.node("Neg", [x], x)]), { inputs: ["x"], outputs: ["y"] });
  const session = await runtime.InferenceSession.create(bytes);
  const y = new runtime.Tensor("float32", new Float32Array(2), [2]);
  const results = await session.run({ x: new runtime.Tensor("float32", Float32Array.of(1, 2), [2]) }, { y });
  await session.release();
  expect([...(y.data as Float32Array)]).toEqual([-1, -2]);
  expect(results.y.data).not.toBe(y.data);
});

describe("ONNX Runtime for browsers", () => {
  it("does not write results to given tensors (runtime/browser.ts has results copied)", async () => {
    const web = await import("onnxruntime-web");
    web.env.wasm.numThreads = 1;
    const g = new GraphBuilder();
    const x = g.input({ dtype: "float32", shape: [2] });
    const bytes = emit(g.finish([g.node("Neg", [x], x)]), { inputs: ["x"], outputs: ["y"] });
    const session = await web.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
    const y = new web.Tensor("float32", new Float32Array(2), [2]);
    const results = await session.run({ x: new web.Tensor("float32", Float32Array.of(1, 2), [2]) }, { y });
    await session.release();
    expect(results.y).toBe(y);
    expect([...(y.data as Float32Array)]).toEqual([0, 0]);
  });
});
