import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lang, type Traced } from "../../src/engine/index.js";
import { type Norm, type NormName, norm, normNames } from "../../src/nn/index.js";
import { evaluate, float64 } from "../../src/verify/evaluate.js";

interface Golden {
  x: number[];
  parameters: number[][];
  state: number[][];
  cotangent: number[];
  z: number[];
  dx: number[];
  gradients: number[][];
  stateAfter?: number[][];
  evaluated?: number[];
}

const file = new URL("../fixtures/norms/norms.json", import.meta.url);
const golden = JSON.parse(readFileSync(file, "utf8")) as { shape: number[]; norms: Record<string, Golden> };

const tensor = (values: readonly number[], shape: readonly number[]) =>
  float64(Float64Array.from(values), shape);

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const scale = Math.max(...Array.from(expected, Math.abs), 1);
  expect(actual.length).toBe(expected.length);
  const worst = Math.max(...Array.from(actual, (v, i) => Math.abs(v - expected[i])));
  expect(worst).toBeLessThan(1e-12 * scale);
}

describe.each(Object.entries(golden.norms))("Both phases of %s agree with PyTorch", (name, expected) => {
  const { shape } = golden;
  const subject = norm(name as NormName);
  const x = tensor(expected.x, shape);
  const state = subject.state(shape).map((d, i) => tensor(expected.state[i], d.shape));
  const parameters = subject.parameters(shape).map((d, i) => tensor(expected.parameters[i], d.shape));
  const split = (rest: Traced[]) => [rest.slice(0, state.length), rest.slice(state.length)] as const;

  it("Outputs and gradients in training are PyTorch's", async () => {
    const fn = (cotangent: Traced, x: Traced, ...rest: Traced[]) => {
      const [s, p] = split(rest);
      const { out, pullback } = lang.vjp(
        (x, ...p) => ({ out: [subject.affine(subject.standardize(x, s), p)], aux: [] }),
        [x, ...p],
      );
      return [out[0], ...pullback([cotangent])];
    };
    const cotangent = tensor(expected.cotangent, shape);
    const [z, dx, ...gradients] = await evaluate(fn, [cotangent, x, ...state, ...parameters]);
    expectClose(z, expected.z);
    expectClose(dx, expected.dx);
    expect(gradients).toHaveLength(expected.gradients.length);
    for (const [i, gradient] of gradients.entries()) expectClose(gradient, expected.gradients[i]);
  });

  if (expected.stateAfter)
    it("Running statistics after the batch are PyTorch's", async () => {
      const after = await evaluate((x, ...s) => subject.update!(x, s), [x, ...state]);
      for (const [i, values] of after.entries()) expectClose(values, expected.stateAfter![i]);
    });

  if (expected.evaluated)
    it("Outputs in evaluation are PyTorch's", async () => {
      const fn = (x: Traced, ...rest: Traced[]) => {
        const [s, p] = split(rest);
        return [subject.affine(subject.evaluate!(x, s), p)];
      };
      const [z] = await evaluate(fn, [x, ...state, ...parameters]);
      expectClose(z, expected.evaluated!);
    });
});

it("Every norm of the table has PyTorch's values to compare with", () => {
  const kinds = Object.keys(golden.norms).map((name) => name.replace(/:\d+$/, ":N"));
  expect(kinds.sort()).toEqual([...normNames].sort());
});

it("A norm without one of its parts does not compile", () => {
  const { blocks, operator, ...rest } = norm("bn");
  // @ts-expect-error: blocks is missing.
  const unblocked: Norm = { ...rest, operator };
  // @ts-expect-error: operator is missing.
  const unexported: Norm = { ...rest, blocks };
  expect([unblocked.title, unexported.title]).toEqual(["batch norm", "batch norm"]);
});

it("ActNorm's first batch gives y mean 0 and variance 1", async () => {
  const shape = [6, 3, 4];
  const x = tensor(
    Array.from({ length: 72 }, (_, e) => Math.sin(e) * ((e % 3) + 1) + 5),
    shape,
  );
  const actnorm = norm("actnorm", { epsilon: 0 });
  const [y] = await evaluate((x) => [actnorm.standardize(x, actnorm.initialize!(x))], [x]);
  for (let c = 0; c < 3; c++) {
    const channel = y.filter((_, e) => Math.floor(e / 4) % 3 === c);
    const mean = channel.reduce((a, b) => a + b) / channel.length;
    expect(mean).toBeCloseTo(0, 12);
    expect(channel.reduce((a, v) => a + v * v, 0) / channel.length).toBeCloseTo(1, 12);
  }
});

it("Ghost batch norm averages its running statistics over the sub-batches", async () => {
  const shape = [4, 1];
  const ghost = norm("ghost:2");
  const inputs = [tensor([1, 3, 10, 20], shape), tensor([0], [1]), tensor([1], [1])];
  const [mean, variance] = await evaluate((x, ...s) => ghost.update!(x, s), inputs);
  // Means 2 and 15; unbiased variances 2 and 50.
  expect(mean[0]).toBeCloseTo(0.1 * 8.5, 12);
  expect(variance[0]).toBeCloseTo(0.9 + 0.1 * 26, 12);
});

describe("Names of norms", () => {
  it.each(["bm", "gn", "gn:0", "ghost:x", "bn:2", "toString"])(
    "%s is refused in one line that lists the names",
    (name) => {
      expect(() => norm(name as NormName)).toThrow(`norm ${name}: expected one of bn, ln,`);
    },
  );

  it("A shape that a norm cannot split is refused by the name of the norm", () => {
    expect(() => norm("gn:3").blocks([2, 4, 5])).toThrow("group norm: expected a number of channels");
    expect(() => norm("ghost:3").blocks([4, 2])).toThrow("ghost batch norm: expected a batch");
  });
});
