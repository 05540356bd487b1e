import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, truncateSync } from "node:fs";
import { fileURLToPath } from "node:url";
import Value from "typebox/value";
import { describe, expect, it } from "vitest";
import { auditTrace } from "../../src/audit/audit-trace.js";
import { AuditReport } from "../../src/audit/report/result.js";
import type { Tensor } from "../../src/base/tensor.js";
import { writeNpz, writeSafetensors } from "../../src/tensor-files/index.js";
import { batchNormLayout, standardize } from "../../src/theory/index.js";
import { safetensors } from "../support/safetensors.js";
import { hasShared, shared, sharedReason } from "../support/shared.js";
import { temporaryFolder } from "../support/temporary.js";
import { normals } from "../support/tensors.js";
import { expectUserError } from "../support/user-error.js";

const folder = temporaryFolder();

const tensor = (shape: number[], data: Float64Array | Float32Array): Tensor => ({
  dtype: data instanceof Float64Array ? "float64" : "float32",
  shape,
  data,
});

/** y and G of a layer [N, C, S], named as a trace names them. */
function recorded(name: string, shape: number[], seed: number): [string, Tensor][] {
  const size = shape.reduce((a, b) => a * b);
  const { y } = standardize(normals(size, seed), batchNormLayout(shape), { epsilon: 1e-3 });
  return [
    [`${name}.y`, tensor(shape, y)],
    [
      `${name}.grad_y`,
      tensor(
        shape,
        normals(size, seed + 1).map((v) => v + 0.2),
      ),
    ],
  ];
}

async function trace(
  tensors: [string, Tensor][],
  metadata: Record<string, string> = {},
  name = "trace.safetensors",
): Promise<string> {
  const path = folder.path(name);
  await (name.endsWith(".npz") ? writeNpz : writeSafetensors)(path, new Map(tensors), metadata);
  return path;
}

interface GoldenLayer {
  layer: string;
  energy_total: number;
  first_share: number;
  diag_share: number;
  blocked_share_layer: number;
  channels: { energy: number[]; first: number[]; diag: number[] };
}

describe(`recorded traces of trained models agree with PyTorch in float64${sharedReason}`, () => {
  const cases = ["mlp-mnist", "autoencoder-fashion"].flatMap((model) => [
    { model, batch: "mixed", file: "trace.safetensors" },
    { model, batch: "single_class", file: "trace.single-class.safetensors" },
  ]);
  it.skipIf(!hasShared).each(cases)("$model, $batch", async ({ model, batch, file }) => {
    const golden = JSON.parse(readFileSync(shared(`models/${model}/golden.json`), "utf8"));
    const path = shared(`models/${model}/${file}`);
    const report = await auditTrace(path);
    const expected: GoldenLayer[] = golden.batches[batch].layers;
    expect(report.layers.map(({ name }) => name)).toEqual(expected.map(({ layer }) => layer));
    expect(report.warnings).toEqual([]);
    expect(report.source).toMatchObject({
      kind: "safetensors",
      model,
      sha256: createHash("sha256").update(readFileSync(path)).digest("hex"),
    });
    for (const [i, layer] of report.layers.entries()) {
      const { channels, ...totals } = expected[i];
      expect(Math.abs(layer.shares.blocked - totals.blocked_share_layer)).toBeLessThan(1e-8);
      expect(Math.abs(layer.shares.first - totals.first_share)).toBeLessThan(1e-8);
      expect(Math.abs(layer.shares.diag - totals.diag_share)).toBeLessThan(1e-8);
      expect(Math.abs(layer.energy.total / totals.energy_total - 1)).toBeLessThan(1e-6);
      for (const part of ["energy", "first", "diag"] as const) {
        expect(layer.channels[part]).toHaveLength(channels[part].length);
        for (const [channel, value] of channels[part].entries())
          expect(Math.abs(layer.channels[part][channel] - value)).toBeLessThan(
            1e-6 * channels.energy[channel],
          );
      }
    }
  });
});

describe("auditTrace", () => {
  it("reads both formats alike, lists layers in the order of the metadata, and names its sources", async () => {
    const tensors = [...recorded("a", [6, 3, 4], 1), ...recorded("b", [5, 2], 3)];
    const metadata = { layers: '["b", "a"]', loss: "mse", model: "net", batch: "b.npz" };
    const fromSafetensors = await auditTrace(await trace(tensors, metadata));
    const fromNpz = await auditTrace(await trace(tensors, metadata, "trace.npz"));
    expect(fromSafetensors.layers.map(({ name, elements }) => [name, elements])).toEqual([
      ["b", 5],
      ["a", 24],
    ]);
    expect(fromNpz.layers).toEqual(fromSafetensors.layers);
    for (const report of [fromSafetensors, fromNpz]) {
      expect(Value.Check(AuditReport, JSON.parse(JSON.stringify(report)))).toBe(true);
      expect(report).toMatchObject({
        precision: "float64",
        loss: { kind: "mse", reduction: null, value: null },
        source: { model: "net", batch: "b.npz" },
        summary: { layers: 2 },
      });
    }
    expect(fromNpz.source.kind).toBe("npz");
  });

  it("tells progress and audits only layers that match", async () => {
    const path = await trace([...recorded("enc.bn", [6, 3], 1), ...recorded("dec.bn", [5, 2], 3)]);
    const messages: string[] = [];
    const { layers } = await auditTrace(path, { layers: "dec*", onProgress: (text) => messages.push(text) });
    expect(layers.map(({ name }) => name)).toEqual(["dec.bn"]);
    expect(messages[0]).toBe("layer 1 of 1: dec.bn");
    await expectUserError(
      () => auditTrace(path, { layers: "conv*" }),
      path,
      /expected a pattern that matches a layer, got .conv\*.; the layers are enc.bn, dec.bn/,
    );
  });

  it("divides gradients by grad_scale", async () => {
    const [y, gradY] = recorded("bn", [6, 3, 4], 1);
    const weights: [string, Tensor][] = [
      ["bn.grad_w_open", tensor([2, 2], Float64Array.of(3, 0, 0, 4))],
      ["bn.grad_w", tensor([2, 2], Float64Array.of(0, 0, 0, 4))],
    ];
    const plain = (await auditTrace(await trace([y, gradY, ...weights]))).layers[0];
    const scaled = [
      y,
      ...[gradY, ...weights].map(([name, { shape, data }]): [string, Tensor] => [
        name,
        tensor(
          [...shape],
          Float64Array.from(data, (v) => v * 65536),
        ),
      ]),
    ];
    const { layers } = await auditTrace(await trace(scaled, { grad_scale: "65536.0" }));
    expect(layers[0]).toEqual(plain);
    const scale: [string, Tensor] = ["grad_scale", tensor([], Float32Array.of(65536))];
    expect((await auditTrace(await trace([...scaled, scale], {}, "scaled.npz"))).layers[0]).toEqual(plain);
    const bad = await trace([y, gradY], { grad_scale: "0" });
    await expectUserError(() => auditTrace(bad), bad, /grad_scale: expected a positive number, got 0/);
  });

  it("reports what the weights lose where their gradients were recorded", async () => {
    const path = await trace([
      ...recorded("bn", [6, 3, 4], 1),
      ["bn.grad_w_open", tensor([2], Float64Array.of(3, 4))],
      ["bn.grad_w", tensor([2], Float64Array.of(0, 4))],
    ]);
    const { layers, summary } = await auditTrace(path);
    expect(layers[0].weights).toEqual({
      name: "bn.grad_w",
      open: 5,
      first: null,
      diag: null,
      removed: 0.6,
      kept: 0.8,
      cosine: expect.closeTo(0.8, 15),
      // A trace lacks the inputs of the weights, so the chance level is not known.
      ...{ chance: null, chanceSd: null, overChance: null },
    });
    expect(layers[0].verdict).toBe("dim");
    expect(summary.worst).toEqual({ name: "bn", removed: 0.6 });
  });

  it("reports the affine gradients where γ was recorded", async () => {
    const [y, gradY] = recorded("bn", [6, 2], 1);
    const gamma = [0.5, -2];
    const path = await trace([y, gradY, ["bn.gamma", tensor([2], Float64Array.from(gamma))]]);
    const expected = { gamma: 0, beta: 0 };
    for (const c of [0, 1]) {
      const elements = [0, 1, 2, 3, 4, 5].map((i) => 2 * i + c);
      // ∂L/∂z = G/γ; ∂L/∂γ = Σ y·∂L/∂z; ∂L/∂β = Σ ∂L/∂z.
      const gradZ = elements.map((e) => gradY[1].data[e] / gamma[c]);
      expected.gamma += elements.reduce((sum, e, i) => sum + y[1].data[e] * gradZ[i], 0) ** 2;
      expected.beta += gradZ.reduce((sum, g) => sum + g, 0) ** 2;
    }
    expect((await auditTrace(path)).layers[0].affine).toEqual({
      gradGamma: expect.closeTo(Math.sqrt(expected.gamma), 10),
      gradBeta: expect.closeTo(Math.sqrt(expected.beta), 10),
    });
  });

  it("warns of a y that is not standardized", async () => {
    const [y, gradY] = recorded("bn", [6, 3, 4], 1);
    y[1].data[5] += 9;
    const { warnings, layers } = await auditTrace(await trace([y, gradY]));
    expect(warnings).toEqual([
      expect.stringMatching(/^bn: y is not standardized: channel 1 has mean .* mean square .* record/),
    ]);
    expect(layers[0].leak).toBeNull();
  });

  it("leaves NaN and infinite elements out, and says how many", async () => {
    const [y, gradY] = recorded("bn", [6, 3, 4], 1);
    y[1].data[5] = Number.POSITIVE_INFINITY;
    gradY[1].data[3] = Number.NaN;
    const { warnings, layers } = await auditTrace(await trace([y, gradY]));
    expect(warnings).toEqual([
      "bn: 2 elements are NaN or infinite in y or its gradient; left out of the energies",
    ]);
    expect(layers[0].energy.total).toBeGreaterThan(0);
    expect(JSON.stringify(layers[0])).not.toContain('"energy":[null');
  });

  it("counts channels that do not vary", async () => {
    const [y, gradY] = recorded("bn", [6, 2], 1);
    for (let e = 0; e < 12; e += 2) y[1].data[e] = 0;
    const { layers } = await auditTrace(await trace([y, gradY]));
    expect(layers[0].channels.diag[0]).toBe(0);
    expect(layers[0].leak?.max).toBe(1);
    expect(layers[0].why.join()).toContain("1 of 2 channels do not vary");
  });

  const [y, gradY] = recorded("bn", [6, 2], 1);
  const int: Tensor = { dtype: "int32", shape: [6, 2], data: new Int32Array(12) };
  it.each<[string, [string, Tensor][], Record<string, string>, RegExp]>([
    ["y alone", [y], {}, /bn\.y: expected bn\.grad_y beside it/],
    ["gradient alone", [gradY], {}, /bn\.grad_y: expected bn\.y beside it/],
    [
      "two shapes",
      [y, ["bn.grad_y", tensor([2, 6], new Float64Array(12))]],
      {},
      /bn\.grad_y: expected shape \[6, 2\] as bn\.y, got \[2, 6\]/,
    ],
    [
      "one axis",
      [
        ["bn.y", tensor([4], new Float32Array(4))],
        ["bn.grad_y", tensor([4], new Float32Array(4))],
      ],
      {},
      /bn\.y: expected shape \[N, C, …\]/,
    ],
    [
      "no elements",
      [
        ["bn.y", tensor([0, 4], new Float32Array(0))],
        ["bn.grad_y", tensor([0, 4], new Float32Array(0))],
      ],
      {},
      /with elements, got \[0, 4\]/,
    ],
    [
      "a batch of one",
      [
        ["bn.y", tensor([1, 4], new Float32Array(4))],
        ["bn.grad_y", tensor([1, 4], new Float32Array(4))],
      ],
      {},
      /\[1, 4\] has 1 element per channel/,
    ],
    ["integers", [y, ["bn.grad_y", int]], {}, /bn\.grad_y: expected floating-point elements, got I32/],
    ["a listed layer that is missing", [y, gradY], { layers: "bn,bn2" }, /bn2: listed in the metadata/],
    ["a list that is none", [y, gradY], { layers: "[bn" }, /metadata layers: expected a JSON list/],
    [
      "γ of another shape",
      [y, gradY, ["bn.gamma", tensor([3], new Float32Array(3))]],
      {},
      /bn\.gamma: expected shape \[2\], got \[3\]/,
    ],
    [
      "weights of two shapes",
      [
        y,
        gradY,
        ["bn.grad_w", tensor([3], new Float32Array(3))],
        ["bn.grad_w_open", tensor([2], new Float32Array(2))],
      ],
      {},
      /bn\.grad_w: expected shape \[2\] as bn\.grad_w_open, got \[3\]/,
    ],
  ])("refuses %s in one line", async (_, tensors, metadata, words) => {
    const path = await trace(tensors, metadata, "bad.safetensors");
    await expectUserError(() => auditTrace(path), path, words);
  });

  it("ends with exit code 5 where no layer was recorded", async () => {
    const path = await trace([["weight", tensor([2], new Float32Array(2))]]);
    await expect(auditTrace(path)).rejects.toMatchObject({
      exitCode: 5,
      message: expect.stringContaining("no recorded layer"),
    });
  });
});

describe("memory", () => {
  it("a trace larger than 300 MB is audited in less than that, without loading a runtime", () => {
    const shape = [100, 64, 80, 80];
    const bytes = shape.reduce((a, b) => a * b) * 4;
    const header = {
      "bn.y": { dtype: "F32", shape, data_offsets: [0, bytes] },
      "bn.grad_y": { dtype: "F32", shape, data_offsets: [bytes, 2 * bytes] },
    };
    const start = safetensors(header);
    const path = folder.write("large.safetensors", start);
    // A sparse file: it reads as zeros and takes no room on disk.
    truncateSync(path, start.length + 2 * bytes);
    expect(2 * bytes).toBeGreaterThan(300 * 1024 * 1024);

    const source = fileURLToPath(new URL("../../src/audit/audit-trace.ts", import.meta.url));
    const program = `
      import { existsSync, readFileSync } from "node:fs";
      import { auditTrace } from ${JSON.stringify(source)};
      const { layers } = await auditTrace(${JSON.stringify(path)});
      const usage = { energy: layers[0].energy.total, kibibytes: process.resourceUsage().maxRSS, runtime: false };
      // On Linux the process's own files say more: maxRSS starts at the peak of the parent process
      // there.
      if (existsSync("/proc/self/status")) {
        usage.kibibytes = Number(/VmHWM:\\s*(\\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))[1]);
        usage.runtime = readFileSync("/proc/self/maps", "utf8").includes("onnxruntime");
      }
      console.log(JSON.stringify(usage));`;
    const child = execFileSync(process.execPath, ["--import", "tsx", "--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    const { kibibytes, energy, runtime } = JSON.parse(child);
    expect(energy).toBe(0);
    expect(runtime).toBe(false);
    expect(kibibytes / 1024).toBeLessThan(300);
  });
});
