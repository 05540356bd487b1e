import { expect, it } from "vitest";
import type { DType, TensorSpec } from "../../../src/base/tensor.js";
import { lowerCached } from "../../../src/engine/cache/lower-cached.js";
import { compile, lang, type TracedFunction } from "../../../src/engine/index.js";
import { lower } from "../../../src/engine/lowering/lower.js";
import { Notebook } from "../../support/engine/notebook.js";
import { tensor } from "../../support/engine/programs.js";

const spec = (shape: readonly number[], dtype: DType = "float32"): TensorSpec => ({ shape, dtype });

/** Loss and gradient of a small network; `factor` is written into the function. */
const network =
  (factor: number): TracedFunction =>
  (x, w) => {
    const { value, grads } = lang.valueAndGrad(
      (weights) => ({ value: lang.sum(lang.relu(lang.mul(lang.matmul(x, weights), factor))), aux: [] }),
      [w],
    );
    return [value, grads[0]];
  };

const SHAPES = [spec([4, 3]), spec([3, 5])];

it("A cached graph equals the lowered one in bytes, names and planned memory", async () => {
  const cache = new Notebook();
  const fresh = lower(network(0.5), SHAPES, { inputNames: ["x"], outputNames: ["loss", "gradient"] });
  for (const hits of [0, 1]) {
    const graph = await lowerCached(
      network(0.5),
      SHAPES,
      { inputNames: ["x"], outputNames: ["loss", "gradient"] },
      { cache, runsOn: "cpu" },
    );
    expect(cache.hits).toBe(hits);
    expect({ ...graph, bytes: [...graph.bytes] }).toEqual({ ...fresh, bytes: [...fresh.bytes] });
  }
});

it("Programs that differ in anything that their graphs show have entries of their own", async () => {
  const cache = new Notebook();
  const constant =
    (last: number, size: number): TracedFunction =>
    (x) => [lang.mul(x, lang.constant(Float64Array.of(1, 2, last), [1, size], "float64"))];
  const cases: [TracedFunction, readonly TensorSpec[], object?, string?][] = [
    [network(0.5), SHAPES],
    [network(0.5), [spec([8, 3]), spec([3, 5])]],
    [network(0.5), [spec([4, 3], "float64"), spec([3, 5], "float64")]],
    // The float32 number after 0.5, and zeros that differ in sign only.
    [network(0.5 + 2 ** -24), SHAPES],
    [network(0), SHAPES],
    [network(-0), SHAPES],
    [network(Number.POSITIVE_INFINITY), SHAPES],
    [network(Number.NaN), SHAPES],
    [network(0.5), SHAPES, { optimizations: { masks: false } }],
    [network(0.5), SHAPES, { inputNames: ["x"] }],
    [network(0.5), SHAPES, { outputNames: ["loss"] }],
    [network(0.5), SHAPES, {}, "cpu 2"],
    [(x, w) => network(0.5)(x, w).reverse(), SHAPES],
    [(x) => [lang.transpose(x, [1, 0])], [spec([3, 3])]],
    [(x) => [x], [spec([3, 3])]],
    // Other parameters, other primitives, and other shapes of an unused input.
    [(x) => [lang.transpose(x, [1, 2, 0])], [spec([3, 3, 3])]],
    [(x) => [lang.transpose(x, [2, 0, 1])], [spec([3, 3, 3])]],
    [(x) => [lang.sin(x)], [spec([3])]],
    [(x) => [lang.cos(x)], [spec([3])]],
    [(x) => [lang.cos(x)], [spec([3]), spec([2])]],
    [(x) => [lang.cos(x)], [spec([3]), spec([5])]],
    [constant(3, 3), [spec([1, 3], "float64")]],
    [constant(3 + 2 ** -50, 3), [spec([1, 3], "float64")]],
    [constant(-0, 3), [spec([1, 3], "float64")]],
    [constant(0, 3), [spec([1, 3], "float64")]],
  ];
  for (const [i, [fn, specs, options = {}, runsOn = "cpu"]] of cases.entries()) {
    await lowerCached(fn, specs, options, { cache, runsOn });
    expect(cache.hits, `case ${i}`).toBe(0);
    expect(cache.entries.size, `case ${i}`).toBe(i + 1);
  }
  for (const [fn, specs, options = {}, runsOn = "cpu"] of cases)
    await lowerCached(fn, specs, options, { cache, runsOn });
  expect(cache.hits).toBe(cases.length);
});

it("With the caller's key a cached program is found without tracing its function", async () => {
  const cache = new Notebook();
  let traced = 0;
  const run = async (part: string, specs = SHAPES) => {
    const fn: TracedFunction = (...args) => {
      traced++;
      return network(0.5)(...args);
    };
    const { bytes } = await lowerCached(fn, specs, {}, { cache, key: [part], runsOn: "cpu" });
    return [...bytes];
  };
  const first = await run("a");
  expect(traced).toBe(1);
  expect(await run("a")).toEqual(first);
  expect(traced).toBe(1);
  // Another key for the same program: the function is traced, and the graph is found by the traced
  // program.
  expect(await run("b")).toEqual(first);
  expect(traced).toBe(2);
  expect(cache.entries.size).toBe(3);
  // The same key with other shapes is another entry.
  expect(await run("a", [spec([8, 3]), spec([3, 5])])).not.toEqual(first);
  expect(traced).toBe(3);
  // A graph that the cache has lost is compiled again.
  cache.entries.delete([...cache.entries.keys()].find((digest) => digest.startsWith("program"))!);
  expect(await run("a")).toEqual(first);
  expect(traced).toBe(4);
});

it("A function that cannot be compiled is refused as without a cache, and nothing is kept", async () => {
  const cache = new Notebook();
  const refused: TracedFunction = (x) => [lang.reshape(x, [7])];
  await expect(lowerCached(refused, [spec([3])], {}, { cache, runsOn: "cpu" })).rejects.toThrow();
  expect(cache.entries.size).toBe(0);
});

it("Cached programs compute the same results, bit for bit, and graphs with source lines are not kept", async () => {
  const cache = new Notebook();
  const inputs = [tensor([4, 3], "float32", 1), tensor([3, 5], "float32", 2)];
  const results = async (options: object) => {
    await using program = await compile(network(0.7), inputs, options);
    return (await program.run(inputs)).map(({ data }) => [...data]);
  };
  const fresh = await results({});
  expect(await results({ cache })).toEqual(fresh);
  expect(await results({ cache })).toEqual(fresh);
  expect(cache.hits).toBe(1);
  await using told = await compile(network(0.9), inputs, { cache, sourceLines: true });
  expect(told.sources.size).toBeGreaterThan(0);
  expect(cache.entries.size).toBe(1);
});
