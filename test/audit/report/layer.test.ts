import Value from "typebox/value";
import { describe, expect, it } from "vitest";
import { summarize } from "../../../src/audit/report/assemble.js";
import { judgeLayer, type LayerMeasurement } from "../../../src/audit/report/layer.js";
import { Layer } from "../../../src/audit/report/result.js";
import { layerWarnings } from "../../../src/audit/report/warnings.js";
import { DEFAULT_THRESHOLDS } from "../../../src/audit/verdict/thresholds.js";
import {
  batchNormLayout,
  blockedShares,
  instanceNormLayout,
  layerNormLayout,
} from "../../../src/theory/index.js";
import { normals } from "../../support/tensors.js";

const [y, g] = [normals(120, 1), normals(120, 2)];
const weights = {
  name: "conv.weight",
  open: 2,
  first: 0.5,
  diag: 0.1,
  removed: 0.95,
  kept: 0.3,
  cosine: 0.4,
  chance: 0.4,
  chanceSd: null,
  overChance: 0.94,
};

function measurement(changes: Partial<LayerMeasurement> = {}): LayerMeasurement {
  return {
    name: "bn",
    kind: "batch",
    op: "BatchNormalization",
    mode: "training",
    groupedBy: "channel",
    channelCount: 3,
    epsilon: 1e-5,
    shares: blockedShares(y, g, batchNormLayout([8, 3, 5])),
    leak: { mean: 0.1, max: 0.2 },
    weights,
    affine: { gradGamma: 1, gradBeta: 2 },
    identityResidual: 1e-7,
    hasStatistics: true,
    warnings: [],
    ...changes,
  };
}

const report = (changes: Partial<LayerMeasurement> = {}) =>
  judgeLayer(measurement(changes), DEFAULT_THRESHOLDS);

describe("judgeLayer", () => {
  it("follows the schema, and its lists add up to its totals", () => {
    const instance = {
      groupedBy: "channel",
      shares: blockedShares(y, g, instanceNormLayout([8, 3, 5])),
    } as const;
    const layer = {
      groupedBy: "sample",
      channelCount: 8,
      shares: blockedShares(y, g, layerNormLayout([8, 3, 5], 2)),
    } as const;
    for (const [changes, length] of [
      [{}, 3],
      [instance, 3],
      [layer, 8],
    ] as const) {
      const { channels, energy, ...rest } = report(changes);
      expect(Value.Check(Layer, { channels, energy, ...rest })).toBe(true);
      expect(channels.energy).toHaveLength(length);
      for (const part of ["first", "diag"] as const)
        expect(channels[part].reduce((a, b) => a + b)).toBeCloseTo(energy[part], 12);
      expect(channels.energy.reduce((a, b) => a + b)).toBeCloseTo(energy.total, 10);
      expect(energy.first + energy.diag + energy.passed).toBeCloseTo(energy.total, 10);
    }
  });

  it("holds no number that JSON cannot hold", () => {
    const spoilt = report({
      weights: { ...weights, cosine: Number.NaN },
      leak: { mean: Number.NaN, max: 0 },
      affine: { gradGamma: Number.POSITIVE_INFINITY, gradBeta: 0 },
    });
    expect(spoilt).toMatchObject({ weights: null, leak: null, affine: null });
    expect(Value.Check(Layer, spoilt)).toBe(true);
  });

  it("warns of elements that were left out", () => {
    expect(layerWarnings(measurement())).toEqual([]);
    const shares = blockedShares(y.with(0, Number.NaN), g, batchNormLayout([8, 3, 5]));
    expect(layerWarnings(measurement({ shares }))).toEqual([
      "bn: 1 element is NaN or infinite in y or its gradient; left out of the energies",
    ]);
  });
});

describe("summarize", () => {
  it("names blind and dim layers and the one whose weights lose most", () => {
    const layers = [
      report({ name: "a", weights: null }),
      report({ name: "b", weights: { ...weights, removed: 0.8 } }),
      report({ name: "c" }),
      report({ name: "d", shares: blockedShares(y, new Float64Array(120), batchNormLayout([8, 3, 5])) }),
    ];
    expect(summarize(layers)).toEqual({
      layers: 4,
      blind: ["c"],
      dim: ["b"],
      unmeasured: ["d"],
      worst: { name: "c", removed: 0.95 },
    });
    expect(summarize([report({ weights: null })]).worst).toBeNull();
  });
});
