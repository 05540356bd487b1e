import { expect, it } from "vitest";
import { type AuditModelOptions, auditModel } from "../../src/audit/index.js";
import { measuringKey } from "../../src/audit/measuring/program-key.js";
import { version } from "../../src/base/version.js";
import type { CompileOptions } from "../../src/engine/index.js";
import { readModel } from "../../src/onnx/index.js";
import { Attributes } from "../../src/onnx/model.js";
import { Notebook } from "../support/engine/notebook.js";

const MODEL = "examples/glyphs.onnx";
const ONE_CLASS = "examples/one-class.npz";
const MIXED = "examples/mixed.npz";

async function report(
  cache: CompileOptions["cache"],
  data: string,
  options: Partial<AuditModelOptions> = {},
) {
  return { ...(await auditModel(MODEL, { data, cache, ...options })), elapsedMs: 0 };
}

it.each<[string, Partial<AuditModelOptions>]>([
  ["in float32", {}],
  ["in float64", { precision: "float64" }],
  ["of one layer, with Taylor terms", { layers: "bn4", taylor: { layer: "bn4" } }],
])("a report from cached graphs is that of fresh ones, %s", async (_, options) => {
  const cache = new Notebook();
  const fresh = await report(undefined, ONE_CLASS, options);
  expect(await report(cache, ONE_CLASS, options)).toEqual(fresh);
  // Taylor terms take two programs: the values at the layer, and the derivatives above it.
  const programs = [...cache.entries.keys()].filter((digest) => digest.startsWith("program"));
  expect(programs).toHaveLength(options.taylor ? 3 : 1);
  const { hits } = cache;
  expect(await report(cache, ONE_CLASS, options)).toEqual(fresh);
  expect(cache.hits).toBeGreaterThan(hits);
});

it("the same audit again finds its graph by its key; another batch, traced, finds the same graph", async () => {
  const cache = new Notebook();
  const digests = () => [...cache.entries.keys()].map((digest) => digest.split("\n")[0]);
  const { source, batch } = await report(cache, ONE_CLASS);
  expect(digests()).toEqual(["program", "caller"]);
  const key = [...cache.entries.keys()][1];
  for (const part of [source.sha256, batch!.sha256, version, '"full":false']) expect(key).toContain(part);
  await report(cache, ONE_CLASS);
  expect(cache.hits).toBe(2);
  await report(cache, MIXED);
  expect(digests()).toEqual(["program", "caller", "caller"]);
  expect(cache.hits).toBe(3);
});

it("options that change the graph give another key", async () => {
  const cache = new Notebook();
  const cases: Partial<AuditModelOptions>[] = [
    {},
    { loss: "cross-entropy" },
    { layers: "bn[12]" },
    { precision: "float64" },
    { input: "input" },
    { target: "label" },
    { onGraph: () => {} },
  ];
  for (const [i, options] of cases.entries()) {
    await report(cache, ONE_CLASS, options);
    const keys = [...cache.entries.keys()].filter((digest) => digest.startsWith("caller"));
    expect(keys, JSON.stringify(options)).toHaveLength(i + 1);
  }
});

it("there is no key for a model with tensors in other files, or with subgraphs that could have such", async () => {
  const model = await readModel(MODEL);
  expect(measuringKey(model, [])).not.toBeNull();
  const [name, first] = [...model.initializers][0];
  const initializers = new Map([...model.initializers, [name, { ...first, external: true }]]);
  expect(measuringKey({ ...model, initializers }, [])).toBeNull();
  const attributes = new Attributes(new Map([["body", { kind: "graph", value: model }]]));
  const nodes = [...model.nodes, { ...model.nodes[0], attributes }];
  expect(measuringKey({ ...model, nodes }, [])).toBeNull();
});
