import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/base/tensor.js";
import { lang, type TracedFunction } from "../../src/engine/index.js";
import { constant, type Traced } from "../../src/engine/lang/index.js";
import { decodeModel, findNorms, openModel } from "../../src/onnx/index.js";
import { compiled, eager, oracle } from "../support/engine/programs.js";
import { type AttributeValue, asFloat, float, modelBytes } from "../support/onnx/build.js";

/** Numbers as test/fixtures/conventions/make.py writes them: those that are not finite as text. */
type Numbers = readonly (number | string)[];

interface Case {
  readonly line: string;
  readonly opset: number;
  readonly nodes: readonly {
    op: string;
    inputs: string[];
    outputs: string[];
    attributes: Record<string, number | number[] | ["float", number]>;
  }[];
  readonly stored: Record<string, { shape: number[]; data: number[] }>;
  readonly inputs: readonly { shape: number[]; data: Numbers }[];
  readonly y: { shape: number[]; data: Numbers };
  readonly cotangent: Numbers;
  readonly gradients: readonly Numbers[];
  readonly second: readonly Numbers[] | null;
}

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const cases = JSON.parse(read("test/fixtures/conventions/conventions.json")) as Case[];
const number = (v: number | string) => (v === "inf" ? Infinity : v === "-inf" ? -Infinity : Number(v));

// jax-js's wasm kernels compute exp and log in float32 even for float64.
oracle("cpu");

function attributeOf(value: number | number[] | ["float", number]): AttributeValue {
  if (Array.isArray(value) && value[0] === "float") return asFloat(value[1] as number);
  return value as number | number[];
}

/** y, the gradients, and the products with the second derivative, all one after another. */
function functionOf({ line, opset, nodes, stored, inputs, y, cotangent, second }: Case, dtype: Precision) {
  const spec = {
    nodes: nodes.map((node) => ({
      ...node,
      attributes: Object.fromEntries(Object.entries(node.attributes).map(([k, v]) => [k, attributeOf(v)])),
    })),
    inputs: Object.fromEntries(inputs.map(({ shape }, i) => [`x${i}`, { shape }])),
    initializers: Object.fromEntries(
      Object.entries(stored).map(([k, { shape, data }]) => [k, float(shape, data)]),
    ),
    outputs: ["y"],
  };
  const model = decodeModel(`${line}.onnx`, modelBytes(spec, opset));
  const data = inputs.map((input) => tensorOf(input, dtype));
  const opened = openModel(model, findNorms(model), {
    inputs: new Map(data.map((tensor, i) => [`x${i}`, tensor])),
    precision: dtype,
    output: "y",
  });
  const forward = (...xs: Traced[]): Traced => {
    const params = opened.params.map((p) => {
      const { data, shape, dtype } = p.load();
      return constant(data, shape, dtype);
    });
    return opened.forward(params, new Map(xs.map((x, i) => [`x${i}`, x]))).outputs.get("y")!;
  };
  const c = tensorOf({ shape: y.shape, data: cotangent }, dtype);
  const gradients = (xs: readonly Traced[]) => {
    const { out, pullback } = lang.vjp((...primals) => ({ out: [forward(...primals)], aux: [] }), xs);
    return [out[0], ...pullback([constant(c.data, c.shape, dtype)])];
  };
  const halfSquare = (...xs: Traced[]) => {
    const squares = gradients(xs)
      .slice(1)
      .map((g) => lang.sum(lang.square(g)));
    return { value: lang.mul(squares.reduce(lang.add), 0.5), aux: [] };
  };
  const fn: TracedFunction = (...xs) => [
    ...gradients(xs),
    ...(second === null ? [] : lang.valueAndGrad(halfSquare, xs).grads),
  ];
  return { fn, data };
}

type Precision = "float32" | "float64";

function tensorOf({ shape, data }: { shape: number[]; data: Numbers }, dtype: Precision): Tensor {
  const numbers = data.map(number);
  return {
    shape,
    dtype,
    data: dtype === "float64" ? Float64Array.from(numbers) : Float32Array.from(numbers),
  };
}

/**
 * Checks every element relative to its own size, since small values near a kink must be right as
 * well. Second derivatives, whose terms cancel, are checked relative to the largest element.
 */
function expectNumbers(
  got: Tensor,
  expected: Numbers,
  { tolerance, cancels }: { readonly tolerance: number; readonly cancels: boolean },
): void {
  const wanted = expected.map(number);
  const largest = Math.max(...wanted.filter(Number.isFinite).map(Math.abs));
  const least = cancels ? Math.max(1, largest) : tolerance;
  expect(got.data.length).toBe(wanted.length);
  for (const [i, v] of wanted.entries()) {
    const actual = got.data[i];
    const same = actual === v || (Number.isNaN(actual) && Number.isNaN(v));
    if (!same && !(Math.abs(actual - v) <= tolerance * Math.max(Math.abs(v), least)))
      expect.fail(`element ${i}: expected ${v}, got ${actual}`);
  }
}

describe("Values and derivatives at ties and kinks are PyTorch's", () => {
  const runs = [
    ["the compiled graph in float64", "float64", compiled, 1e-7],
    ["the compiled graph in float32", "float32", compiled, 1e-5],
    ["jax-js's kernels", "float64", eager, 1e-7],
  ] as const;
  for (const [name, dtype, run, digits] of runs)
    describe(`by ${name}`, () => {
      it.each(cases.map((c) => [c.line, c] as const))("%s", async (_, c) => {
        const { fn, data } = functionOf(c, dtype);
        // jax-js computes erf to seven digits after the point.
        const tolerance = run === eager && c.line === "Gelu" ? 1e-4 : digits;
        const results = await run(fn, data);
        const expected = [c.y.data, ...c.gradients, ...(c.second ?? [])];
        expect(results).toHaveLength(expected.length);
        results.forEach((result, i) => {
          const cancels = i > c.gradients.length;
          expectNumbers(result, expected[i], { tolerance, cancels });
        });
      });
    });
});

it("Every line of the table in docs/conventions.md has a case, and every case a line", () => {
  const lines = [...read("docs/conventions.md").matchAll(/^\| `([^`]+)` \|/gm)].map(([, line]) => line);
  expect(lines).toEqual(cases.map(({ line }) => line));
});
