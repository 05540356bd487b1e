import { describe, expect, it } from "vitest";
import { type Findings, judge } from "../../../src/audit/verdict/judge.js";
import { DEFAULT_THRESHOLDS } from "../../../src/audit/verdict/thresholds.js";
import type { NormKind } from "../../../src/onnx/norms/kinds.js";
import { overChance } from "../../../src/theory/index.js";

interface Numbers {
  blocked?: number;
  first?: number;
  chance?: number;
  removed?: number;
  /** Chance level of `removed`. */
  noise?: number;
  noiseSd?: number;
}

function findings(numbers: Numbers, changes: Partial<Findings> = {}): Findings {
  const { blocked = 0.03, chance = 2 / 64, first = blocked / 2, removed, noise = 0 } = numbers;
  return {
    kind: "batch",
    groupedBy: "channel",
    elements: Math.round(2 / chance),
    groups: 32,
    constantGroups: 0,
    nonFinite: 0,
    hasStatistics: true,
    energy: 1,
    shares: { blocked, first, diag: blocked - first, chance },
    weights:
      removed === undefined
        ? null
        : {
            ...{ name: "fc2.weight", removed, kept: 0.21, cosine: 0.29 },
            ...{ chance: noise, chanceSd: numbers.noiseSd ?? null, overChance: overChance(removed, noise) },
          },
    ...changes,
  };
}

const verdictOf = (numbers: Numbers) => judge(findings(numbers), DEFAULT_THRESHOLDS).verdict;
const whyOf = (numbers: Numbers, changes: Partial<Findings> = {}) =>
  judge(findings(numbers, changes), DEFAULT_THRESHOLDS).why.join(" ");

describe("the verdict", () => {
  it.each<[Numbers, string]>([
    [{ removed: 0.9 }, "blind"],
    [{ removed: 0.89 }, "dim"],
    [{ removed: 0.7 }, "dim"],
    [{ removed: 0.69 }, "clear"],
    // What noise would lose says nothing, however much it is.
    [{ removed: 0.943, noise: 0.929 }, "clear"],
    [{ removed: 0.855, noise: 0.89 }, "clear"],
    [{ removed: 0.95, noise: 0.8 }, "dim"],
    [{ removed: 0.98, noise: 0.8 }, "blind"],
    [{ removed: 1.2, noise: 1 }, "clear"],
    // An estimated chance level must be exceeded beyond doubt.
    [{ removed: 0.9, noise: 0.7 }, "dim"],
    [{ removed: 0.9, noise: 0.7, noiseSd: 0.06 }, "clear"],
    [{ blocked: 0.5 }, "blind"],
    [{ blocked: 0.49 }, "dim"],
    [{ blocked: 0.5, chance: 0.051 }, "dim"],
    [{ blocked: 0.1 }, "dim"],
    [{ blocked: 0.1, chance: 0.034, removed: 0 }, "clear"],
    [{ blocked: 0.09, chance: 1e-5, removed: 0 }, "clear"],
    // Weights that were not measured may lose far more than energy shows.
    [{ blocked: 0.032 }, "dim"],
    [{ blocked: 0.031 }, "clear"],
    [{ blocked: 0.6, removed: 0.1 }, "blind"],
  ])("for %o is %s", (numbers, verdict) => {
    expect(verdictOf(numbers)).toBe(verdict);
  });

  it("is unmeasured, never clear, where no gradient or no finite variance was measured", () => {
    for (const changes of [{ energy: 0 }, { energy: 0, nonFinite: 4 }, { energy: 0, hasStatistics: false }])
      expect(judge(findings({ removed: 0 }, changes), DEFAULT_THRESHOLDS)).toMatchObject({
        status: "unmeasured",
        verdict: "unmeasured",
      });
    expect(judge(findings({ removed: 0 }), DEFAULT_THRESHOLDS).status).toBe("measured");
  });

  it("judges by removed itself where its chance level is not known", () => {
    const weights = { name: "w", removed: 0.75, kept: 0, cosine: 0 };
    const unknown = { chance: null, chanceSd: null, overChance: null };
    expect(judge(findings({}, { weights: { ...weights, ...unknown } }), DEFAULT_THRESHOLDS).verdict).toBe(
      "dim",
    );
  });

  it("follows the thresholds it is given", () => {
    const strict = { ...DEFAULT_THRESHOLDS, blind: { removed: 0.3, blocked: 0.5, timesChance: 10 } };
    expect(judge(findings({ removed: 0.3 }), strict).verdict).toBe("blind");
  });
});

describe("why", () => {
  it("tells what the weights lose, how energy compares with chance, and what to do", () => {
    const why = whyOf({ blocked: 0.57, first: 0.35, removed: 0.96 });
    expect(why).toContain("fc2.weight below loses a part of its gradient that measures 96 % of the whole");
    expect(why).toContain("21 % of the length, at cosine 0.29");
    expect(why).toContain(
      "57 % of the gradient energy is blocked, 18 times chance (3.1 %): 35 % is the same for all",
    );
    expect(why).toContain("depends on the batches");
  });

  it("explains a large loss of the weights beside a small energy share", () => {
    const why = whyOf({ blocked: 0.005, chance: 0.0005, removed: 0.91 });
    expect(why).toContain("Only 0.5 % of the energy is blocked (chance 0.05 %)");
    expect(why).toContain("sums over 4000 elements");
  });

  it("advises by the kind of normalization", () => {
    const advice = (kind: NormKind) => whyOf({ blocked: 0.9 }, { kind });
    expect(advice("batch")).toContain("depends on the batches");
    expect(advice("instance")).toContain("global average pooling");
    expect(advice("group")).toContain("fewer groups");
    expect(advice("layer")).toContain("RMS normalization, which subtracts no mean");
    expect(advice("rms")).toContain("RMS normalization hides");
    for (const kind of ["instance", "group", "layer", "rms"] as const)
      expect(advice(kind)).not.toContain("depends on the batches");
  });

  it("says in one sentence that a layer is clear", () => {
    expect(judge(findings({ removed: 0.45, noise: 0.56 }), DEFAULT_THRESHOLDS).why).toEqual([
      "3 % of the gradient energy is blocked, less than the 3.1 % that noise would lose; fc2.weight loses 45 % of its gradient, less than the 56 % that noise would lose.",
    ]);
  });

  it("warns that energy understates what unmeasured weights lose", () => {
    const open = whyOf({ blocked: 0.004, chance: 0.00016 });
    expect(open).toContain("25 times chance (0.016 %). What weights below lose is not measured");
    expect(open).toContain("this layer is not called clear");
    expect(whyOf({ blocked: 0.01 })).toContain("What weights below lose is not measured.");
    expect(whyOf({ blocked: 0.004, chance: 0.00016, removed: 0.1 })).not.toContain("not measured");
  });

  it("names the reading traps", () => {
    expect(whyOf({ first: 1e-12 })).toContain("first-order share is 0 to rounding");
    expect(whyOf({ first: 0 }, { kind: "rms" })).not.toContain("0 to rounding");
    expect(whyOf({ blocked: 0.5, chance: 0.5 })).toContain("Only 4 elements share one mean and variance");
    expect(whyOf({}, { constantGroups: 3 })).toContain("3 of 32 channels do not vary on this batch");
    expect(whyOf({}, { energy: 0 })).toContain("No gradient reaches this layer");
    expect(whyOf({}, { energy: 0, nonFinite: 5 })).toContain("Nothing could be measured");
    expect(whyOf({}, { energy: 0, hasStatistics: false })).toContain("variance is too large");
    expect(whyOf({})).not.toMatch(/rounding|elements share|do not vary|No gradient/);
  });
});
