import { spawnSync } from "node:child_process";
import { copyFileSync, cpSync, mkdirSync, readFileSync } from "node:fs";
import ts from "typescript";
import { beforeAll, describe, expect, it } from "vitest";
import { writeNpz, writeSafetensors } from "../../src/tensor-files/index.js";
import { batchNormLayout, standardize } from "../../src/theory/index.js";
import { runnable, tellsTruth } from "../support/docs/examples.js";
import { compilerOptions, publicExports } from "../support/docs/public-api.js";
import type { ExampleJob, ExampleResult } from "../support/docs/run-examples.js";
import { temporaryFolder } from "../support/temporary.js";

const { path, write } = temporaryFolder();

const examples = publicExports().flatMap(({ id, where, examples }) =>
  examples.map((code, i) => ({ id: i === 0 ? id : `${id} (${i + 1})`, where, code })),
);

/**
 * Files that examples read: the example model with its batches, and a recorded trace of one layer.
 */
async function fillTemplate(folder: string): Promise<void> {
  mkdirSync(folder);
  cpSync("examples", `${folder}/examples`, { recursive: true });
  copyFileSync("examples/glyphs.onnx", `${folder}/model.onnx`);
  copyFileSync("examples/mixed.npz", `${folder}/batch.npz`);
  const x = Float64Array.from({ length: 16 }, (_, i) => Math.sin(i));
  const y = standardize(x, batchNormLayout([8, 2])).y;
  const gradient = Float64Array.from({ length: 16 }, (_, i) => 1 + Math.cos(3 * i));
  const tensors = new Map(
    ["layer1.bn1", "layer1.bn2", "layer2.bn1"].flatMap((layer) => [
      [`${layer}.y`, { dtype: "float64" as const, shape: [8, 2], data: y }],
      [`${layer}.grad_y`, { dtype: "float64" as const, shape: [8, 2], data: gradient }],
    ]),
  );
  await writeSafetensors(`${folder}/trace.safetensors`, tensors);
  await writeNpz(`${folder}/trace.npz`, tensors);
}

/** Type errors of all examples, as users of the public names would see them, by file. */
function typeErrors(files: readonly string[]): Map<string, string[]> {
  const options: ts.CompilerOptions = {
    ...compilerOptions(),
    noUnusedLocals: false,
    typeRoots: [`${process.cwd()}/node_modules/@types`],
  };
  const program = ts.createProgram(files, options);
  return new Map(
    files.map((file) => {
      const source = program.getSourceFile(file)!;
      const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
      return [file, found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"))];
    }),
  );
}

/** Runs every example in a process of its own and a folder of its own. */
async function runAll(): Promise<Map<string, ExampleResult>> {
  await fillTemplate(path("template"));
  const jobs = examples.map(({ id, code }, i): ExampleJob => {
    cpSync(path("template"), path(`folder-${i}`), { recursive: true });
    return { id, folder: path(`folder-${i}`), file: write(`run-${i}.mts`, runnable(code)) };
  });
  const arguments_ = [write("jobs.json", JSON.stringify(jobs)), path("results.json")];
  const { status, stderr } = spawnSync(
    process.execPath,
    ["--import", "tsx", "test/support/docs/run-examples.ts", ...arguments_],
    { encoding: "utf8", env: { ...process.env, BLINDSPOT_CACHE: "off" } },
  );
  expect(status, stderr).toBe(0);
  const results = JSON.parse(readFileSync(path("results.json"), "utf8")) as ExampleResult[];
  return new Map(results.map((result) => [result.id, result]));
}

describe("Every @example of the public API compiles, runs and prints what its comments tell", () => {
  let results: Map<string, ExampleResult>;
  let errors: Map<string, string[]>;
  beforeAll(async () => {
    results = await runAll();
    errors = typeErrors(examples.map(({ code }, i) => write(`typed-${i}.mts`, code)));
  }, 300_000);

  examples.forEach(({ id, where }, i) => {
    it(`${id} (${where})`, () => {
      expect(errors.get(path(`typed-${i}.mts`)), "type errors").toEqual([]);
      const { error, shown } = results.get(id)!;
      expect(error).toBeUndefined();
      for (const { comment, printed } of shown)
        expect(
          tellsTruth(comment, printed),
          `the example tells ${comment}, but prints ${printed.join(" ")}`,
        ).toBe(true);
    });
  });
});

describe("A comment of an example is compared with the value beside it", () => {
  it.each([
    ["[2, 20] [1, 10]", ["Float64Array(2) [ 2, 20 ]", "Float64Array(2) [ 1, 10 ]"], true],
    ["[2, 21]", ["Float64Array(2) [ 2, 20 ]"], false],
    ["0.69", ["0.6931471805599453"], true],
    ["0.70", ["0.6931471805599453"], false],
    ["{ mean: 0.625, max: 1 }", ["{ mean: 0.625, max: 1 }"], true],
    ["fc1.weight, fc1.bias, …", ["[ 'fc1.weight', 'fc1.bias', 'fc2.weight' ]"], true],
    ["true: shared", ["false"], false],
    ["1, 2, …", ["[ 1, 2, 3 ]"], true],
    ["one class per batch", ["[ [ 0, 0 ], [ 1, 1 ] ]"], true],
  ])("%s told beside %j: %s", (comment, printed, truth) => {
    expect(tellsTruth(comment, printed)).toBe(truth);
  });
});
