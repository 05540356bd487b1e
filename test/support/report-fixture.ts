import type { AuditReport, LayerReport, Verdict, WeightsReport } from "../../src/audit/report/result.js";
import { overChance } from "../../src/theory/index.js";

/**
 * Audit reports with realistic numbers, for tests of everything that reads one. The layers of `mlp`
 * and `autoencoder` carry what PyTorch measured on the trained models of ../shared/models; channel
 * lists are made up and add up to the layer's energies.
 */

interface LayerNumbers {
  readonly name: string;
  readonly elements: number;
  readonly channels: number;
  readonly energy: number;
  /** Shares of the energy. */
  readonly first: number;
  readonly diag: number;
  readonly weights?: WeightsReport | null;
}

/** One layer; `changes` overwrites any of its fields. */
function layerReport(numbers: LayerNumbers, changes: Partial<LayerReport> = {}): LayerReport {
  const { name, elements, channels, energy, first, diag } = numbers;
  const weights = numbers.weights ?? null;
  const blocked = first + diag;
  const chance = 2 / elements;
  const verdict = energy === 0 ? "unmeasured" : verdictOf(weights, blocked, chance);
  const inFirst = spread(energy * first, channels, 1);
  const inDiag = spread(energy * diag, channels, 2);
  const inPassed = spread(energy * (1 - blocked), channels, 3);
  return {
    name,
    op: "BatchNormalization",
    mode: "training",
    groupedBy: "channel",
    channels: { energy: inFirst.map((f, c) => f + inDiag[c] + inPassed[c]), first: inFirst, diag: inDiag },
    channelCount: channels,
    elements,
    epsilon: 1e-5,
    energy: { total: energy, first: energy * first, diag: energy * diag, passed: energy * (1 - blocked) },
    shares: { blocked, first, diag, chance },
    leak: { mean: 4.1e-6, max: 1.6e-4 },
    weights,
    affine: {
      gradGamma: Math.sqrt(energy * diag * elements),
      gradBeta: Math.sqrt(energy * first * elements),
    },
    identityResidual: 3.2e-7,
    agreement: null,
    batches: null,
    status: verdict === "unmeasured" ? "unmeasured" : "measured",
    verdict,
    why: verdict === "clear" ? [] : [`the weights below lose most of what the samples ask for in common`],
    ...changes,
  };
}

function weights(
  name: string,
  [open, first, diag, removed, kept, cosine]: readonly [
    number,
    number | null,
    number | null,
    number,
    number,
    number,
  ],
): WeightsReport {
  return {
    name,
    open,
    first,
    diag,
    removed,
    kept,
    cosine,
    chance: 0.5,
    chanceSd: null,
    overChance: overChance(removed, 0.5),
  };
}

/** A whole report around layers; the summary follows from them. `changes` overwrites any field. */
export function auditReport(layers: LayerReport[], changes: Partial<AuditReport> = {}): AuditReport {
  const named = (verdict: Verdict) => layers.filter((l) => l.verdict === verdict).map(({ name }) => name);
  const worst = layers
    .filter(({ weights }) => weights !== null)
    .sort((a, b) => b.weights!.removed - a.weights!.removed)[0];
  return {
    schema: "blindspot.audit/2",
    tool: { name: "blindspot", version: "0.1.0" },
    source: { kind: "onnx", file: "models/mlp.onnx", sha256: "1f".repeat(32) },
    batch: { file: "data/batch.npz", sha256: "a7".repeat(32), size: 64 },
    loss: { kind: "cross-entropy", reduction: "mean", value: 0.014459547640041079 },
    precision: "float32",
    device: "cpu",
    elapsedMs: 312.4,
    thresholds: {
      blind: { removed: 0.9, blocked: 0.5, timesChance: 10 },
      dim: { removed: 0.7, blocked: 0.1, timesChance: 3 },
    },
    batches: null,
    layers,
    warnings: [],
    summary: {
      layers: layers.length,
      blind: named("blind"),
      dim: named("dim"),
      unmeasured: named("unmeasured"),
      worst: worst ? { name: worst.name, removed: worst.weights!.removed } : null,
      ...{ verdict: "unknown", normToBlame: "unknown", why: [] },
    },
    ...changes,
  };
}

/** mlp-mnist on its mixed batch. */
export const mlpMixed = (): AuditReport =>
  auditReport(
    [
      layerReport({
        ...{ name: "bn1", elements: 64, channels: 128, energy: 5.70005e-4, first: 0.013089, diag: 0.0160329 },
        weights: weights("fc1.weight", [0.33017, 0.42232, 0.17928, 0.45309, 0.88267, 0.89151]),
      }),
      layerReport({
        ...{ name: "bn2", elements: 64, channels: 64, energy: 1.86859e-4, first: 0.0217745, diag: 0.0140894 },
        weights: weights("fc2.weight", [0.18123, 0.74241, 0.22231, 0.75848, 0.86302, 0.67757]),
      }),
    ],
    {
      batch: {
        ...{ file: "data/batch.npz", sha256: "a7".repeat(32), size: 64 },
        labelCounts: { 0: 6, 1: 10, 2: 5, 3: 6, 4: 10, 5: 7, 6: 5, 7: 7, 8: 1, 9: 7 },
      },
    },
  );

/** mlp-mnist on 64 samples of the digit 3. */
export const mlpOneClass = (): AuditReport =>
  auditReport(
    [
      layerReport({
        ...{ name: "bn1", elements: 64, channels: 128, energy: 0.116985, first: 0.0102157, diag: 0.0100249 },
        weights: weights("fc1.weight", [5.0694, 0.58757, 0.16805, 0.58507, 0.85838, 0.81229]),
      }),
      layerReport({
        ...{ name: "bn2", elements: 64, channels: 64, energy: 0.0572594, first: 0.34619, diag: 0.228425 },
        weights: weights("fc2.weight", [11.488, 0.94219, 0.26008, 0.95926, 0.21445, 0.29335]),
      }),
    ],
    {
      batch: {
        ...{ file: "data/batch.single-class.npz", sha256: "15".repeat(32), size: 64 },
        labelCounts: { 0: 0, 1: 0, 2: 0, 3: 64, 4: 0, 5: 0, 6: 0, 7: 0, 8: 0, 9: 0 },
      },
      loss: { kind: "cross-entropy", reduction: "mean", value: 4.893579787360535 },
    },
  );

/** autoencoder-fashion on its mixed batch. */
export const autoencoder = (): AuditReport =>
  auditReport(
    [
      layerReport({
        ...{ name: "enc_bn1", elements: 12544, channels: 8, energy: 7.43758e-8 },
        ...{ first: 4.46884e-5, diag: 4.82693e-5 },
        weights: weights("enc1.weight", [9.6125e-4, 0.52577, 0.54502, 0.63912, 0.8383, 0.77196]),
      }),
      layerReport({
        ...{ name: "enc_bn2", elements: 3136, channels: 16, energy: 1.01428e-7 },
        ...{ first: 2.07889e-4, diag: 3.68711e-4 },
        weights: weights("enc2.weight", [3.4313e-3, 0.36081, 0.36176, 0.53161, 0.9281, 0.85053]),
      }),
      layerReport({
        ...{ name: "code_bn", elements: 64, channels: 32, energy: 9.34953e-7 },
        ...{ first: 0.143051, diag: 0.0754103 },
        weights: weights("code.weight", [0.028096, 0.87944, 0.25762, 0.89431, 0.32337, 0.47125]),
      }),
      layerReport({
        ...{ name: "dec_bn1", elements: 12544, channels: 8, energy: 2.3774e-7 },
        ...{ first: 1.88798e-4, diag: 3.02682e-4 },
        weights: weights("dec1.weight", [0.01059, 0.263, 0.22569, 0.33418, 0.92526, 0.94267]),
      }),
      layerReport({
        ...{ name: "dec_bn2", elements: 50176, channels: 8, energy: 3.76715e-8 },
        ...{ first: 6.73143e-4, diag: 2.71703e-4 },
        weights: weights("dec2.weight", [5.6852e-3, 0.83316, 0.31883, 0.93463, 0.7811, 0.4715]),
      }),
    ],
    {
      source: { kind: "onnx", file: "autoencoder.onnx", sha256: "2b".repeat(32) },
      loss: { kind: "mse", reduction: "mean", value: 0.015294251019450113 },
    },
  );

/**
 * 121 layers with the module paths of a DenseNet; the norms there are not fed by a linear operator.
 */
export function denseNet({ channels = 64 } = {}): AuditReport {
  const random = uniform(121);
  const names = ["features.norm0"];
  for (const [block, depth] of [6, 12, 24, 16].entries()) {
    for (let i = 1; i <= depth; i++)
      for (const norm of ["norm1", "norm2"])
        names.push(`features.denseblock${block + 1}.denselayer${i}.${norm}`);
    names.push(block < 3 ? `features.transition${block + 1}.norm` : "features.norm5");
  }
  const layers = names.map((name, i) => {
    const depth = i / (names.length - 1);
    const elements = [200704, 50176, 12544, 3136][Math.min(3, Math.floor(depth * 4))];
    const blocked = Math.min(0.93, (2 / elements) * 10 ** (random() * 2.6 * depth * depth + random()));
    const removed = 0.25 + 0.75 * depth ** 2 + 0.15 * random();
    return layerReport({
      ...{ name, elements, channels, energy: 10 ** (-7 + 3 * depth) },
      ...{ first: blocked * 0.7, diag: blocked * 0.3 },
      weights: name.endsWith("norm2")
        ? weights(name.replace("norm2", "conv1.weight"), [
            ...([10 ** (-3 + 2 * depth), removed * 0.9, removed * 0.3, removed] as const),
            ...([Math.sqrt(Math.max(0.05, 1 - removed ** 2)), Math.max(0, 1 - removed) + 0.1] as const),
          ])
        : null,
    });
  });
  return auditReport(layers, {
    source: { kind: "onnx", file: "densenet121.onnx", sha256: "3c".repeat(32) },
    elapsedMs: 84_210,
  });
}

/** A recorded trace whose names, values and texts try to break every output. */
export function hostile(): AuditReport {
  const bare = { elements: 2, channels: 3, energy: 0, first: 0, diag: 0 };
  const absent = { leak: null, affine: null, identityResidual: null, epsilon: null } as const;
  return auditReport(
    [
      layerReport({ ...bare, name: "</script><script>alert(1)</script>" }, { ...absent, op: "<b>&\"'" }),
      layerReport(
        { ...bare, name: "\u001b[31mred\u0007\u202egnp", energy: 1, first: 1 },
        {
          ...absent,
          mode: "recorded",
          why: ['<img src="https://example.org/x.png" onerror=alert(1)>', "\u0000 & ]]> -- <!--"],
        },
      ),
      layerReport({ ...bare, name: "層/正規化 🧊 ".repeat(9), energy: 1e300, first: 0.2, diag: 0.3 }, absent),
      layerReport(
        { ...bare, name: " ", energy: 1e-300, first: 1e-16, diag: 0 },
        {
          groupedBy: "sample",
          op: "LayerNormalization",
          weights: weights('w"><x', [1e-30, null, null, 2.5, 1.9, -0.004]),
          verdict: "blind",
        },
      ),
    ],
    {
      source: {
        kind: "npz",
        file: 'C:\\runs\\a & b "<i>".npz',
        sha256: "4d".repeat(32),
        model: "</title>",
        batch: "a\tb",
      },
      batch: null,
      device: null,
      loss: { kind: "<script>", reduction: null, value: null },
      warnings: ["<h1>12 values are not finite</h1>", "line one\nline two"],
    },
  );
}

function verdictOf(weights: WeightsReport | null, blocked: number, chance: number): Verdict {
  const over = weights?.overChance ?? 0;
  if (over >= 0.9 || (blocked >= 0.5 && blocked >= 10 * chance)) return "blind";
  if (over >= 0.7 || (weights === null && blocked > chance)) return "dim";
  if (blocked >= 0.1 && blocked >= 3 * chance) return "dim";
  return "clear";
}

/** `total` split into `parts` uneven pieces. */
function spread(total: number, parts: number, seed: number): number[] {
  const random = uniform(seed);
  const raw = Array.from({ length: parts }, () => Math.log(1 / (1 - random())) ** 3);
  const sum = raw.reduce((a, b) => a + b, 0);
  return raw.map((r) => (total * r) / sum);
}

/** Numbers in [0, 1), the same ones for the same seed (linear congruences). */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
