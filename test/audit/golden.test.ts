import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { auditModel } from "../../src/audit/index.js";
import { hasShared, shared, sharedReason } from "../support/shared.js";

/** Trained PyTorch models measured there in float64, with hooks and autograd. */

interface GoldenLayer {
  readonly layer: string;
  readonly n: number;
  readonly energy_total: number;
  readonly first_share: number;
  readonly diag_share: number;
  readonly blocked_share_layer: number;
  readonly channels: Readonly<Record<"energy" | "first" | "diag", readonly number[]>>;
}

interface GoldenWeights {
  readonly layer: string;
  readonly weight: string;
  readonly open_norm: number;
  readonly first: number;
  readonly diag: number;
  readonly removed: number;
  readonly kept: number;
  readonly cosine: number;
}

interface Golden<Layers> {
  readonly batches: Readonly<Record<string, Layers>>;
}

const read = <T>(path: string): T => JSON.parse(readFileSync(shared(path), "utf8")) as T;

const BATCHES = { mixed: "batch.npz", single_class: "batch.single-class.npz" };
const MODELS = { "mlp-mnist": "cross-entropy", "autoencoder-fashion": "mse" } as const;

/** What float32 and float64 may differ by: the bounds of the project, and rounding. */
const BOUNDS = {
  float32: { share: 1e-5, energy: 1e-3, weights: 2e-3, identity: 1e-4 },
  // ONNX stores ε as float32, PyTorch used 1e-5 exactly: that alone is some 1e-8.
  float64: { share: 1e-7, energy: 1e-5, weights: 1e-6, identity: 1e-10 },
};

describe.skipIf(!hasShared)(`audit against PyTorch on the shared models${sharedReason}`, () => {
  for (const [model, loss] of Object.entries(MODELS))
    for (const file of ["model.train.onnx", "model.eval.onnx"])
      for (const [batch, data] of Object.entries(BATCHES))
        for (const precision of ["float32", "float64"] as const)
          it(`${model}/${file}, ${batch} batch, ${precision}`, async () => {
            const bounds = BOUNDS[precision];
            const golden = read<Golden<{ loss_value: number; layers: GoldenLayer[] }>>(
              `models/${model}/golden.json`,
            );
            const weights = read<Golden<GoldenWeights[]>>(`models/${model}/golden-weights.json`);
            const expected = golden.batches[batch];
            const report = await auditModel(shared(`models/${model}/${file}`), {
              data: shared(`models/${model}/${data}`),
              loss,
              precision,
            });

            expect(report.layers.map(({ name }) => name)).toEqual(expected.layers.map(({ layer }) => layer));
            expect(report.loss.value! / expected.loss_value).toBeCloseTo(1, 4);
            for (const [i, layer] of report.layers.entries()) {
              const reference = expected.layers[i];
              expect(layer.elements).toBe(reference.n);
              within(layer.shares.blocked, reference.blocked_share_layer, bounds.share);
              within(layer.shares.first, reference.first_share, bounds.share);
              within(layer.shares.diag, reference.diag_share, bounds.share);
              for (const part of ["energy", "first", "diag"] as const)
                reference.channels[part].forEach((value, channel) => {
                  if (value > 1e-9 * reference.energy_total)
                    within(layer.channels[part][channel] / value, 1, bounds.energy);
                });
              expect(layer.identityResidual).toBeLessThan(bounds.identity);

              const below = weights.batches[batch].find((w) => w.layer === layer.name)!;
              expect(layer.weights!.name).toBe(below.weight);
              within(layer.weights!.open / below.open_norm, 1, bounds.weights);
              for (const part of ["first", "diag", "removed", "kept", "cosine"] as const)
                within(layer.weights![part]!, below[part], bounds.weights);
            }
          });
});

function within(value: number, expected: number, tolerance: number): void {
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(tolerance);
}
