import { decode } from "fast-png";
import { beforeAll, describe, expect, it } from "vitest";
import { Random } from "../../src/datasets/index.js";
import { decideClaims } from "../../src/experiments/claims.js";
import { claims } from "../../src/experiments/flow-interpolation/claims.js";
import { blended, dequantized, gridPng, ofClasses } from "../../src/experiments/flow-interpolation/images.js";
import type { Course, Summary } from "../../src/experiments/flow-interpolation/summary.js";
import { type ExperimentResult, reproduce } from "../../src/experiments/index.js";
import { smallerShare } from "../../src/experiments/statistics.js";
import { temporaryFolder } from "../support/temporary.js";
import { expectUserError } from "../support/user-error.js";

const folder = temporaryFolder();

describe("images", () => {
  it("Images of two classes keep their order", () => {
    const split = {
      images: Uint8Array.from([1, 1, 2, 2, 3, 3, 4, 4]),
      labels: Uint8Array.from([8, 3, 9, 8]),
    };
    expect(ofClasses(split, [9, 8])).toEqual({
      images: Uint8Array.from([1, 1, 3, 3, 4, 4]),
      labels: Uint8Array.from([8, 9, 8]),
    });
  });

  it("Blends have whole grey levels and equal the images at α = 0 and α = 1", () => {
    const [a, b] = [Uint8Array.from([0, 255, 7]), Uint8Array.from([255, 0, 8])];
    expect(blended(a, b, 0)).toEqual(a);
    expect(blended(a, b, 1)).toEqual(b);
    expect([...blended(a, b, 0.3)]).toEqual([77, 179, 7]);
  });

  it("A dequantized pixel stays within its grey level, and the noise depends on the seed only", () => {
    const levels = Uint8Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 0 : 255));
    const { data, shape } = dequantized(levels, [1, 2, 2], new Random(1));
    expect(shape).toEqual([100, 1, 2, 2]);
    expect(Array.from(data, (u) => Math.floor(256 * u))).toEqual(Array.from(levels));
    expect(new Set(data).size).toBeGreaterThan(390);
    expect(dequantized(levels, [1, 2, 2], new Random(1)).data).toEqual(data);
  });

  it("A grid shows its images row by row with gaps between them", () => {
    const levels = Uint8Array.from({ length: 4 * 6 }, (_, i) => 10 * Math.floor(i / 6) + (i % 6));
    const { data, width, height, channels } = decode(Buffer.from(gridPng(levels, [2, 3], 2), "base64"));
    expect([width, height, channels]).toEqual([8, 6, 1]);
    const rows = Array.from({ length: 6 }, (_, y) => [...data.slice(8 * y, 8 * (y + 1))]);
    expect(rows[0]).toEqual([0, 1, 2, 128, 128, 10, 11, 12]);
    expect(rows[1]).toEqual([3, 4, 5, 128, 128, 13, 14, 15]);
    expect(rows[2]).toEqual(Array(8).fill(128));
    expect(rows[5]).toEqual([23, 24, 25, 128, 128, 33, 34, 35]);
  });
});

it("The share of pairs with a < b is 1 where all are, and ties count half", () => {
  expect(smallerShare([1, 2], [3, 4])).toBe(1);
  expect(smallerShare([3, 4], [1, 2])).toBe(0);
  expect(smallerShare([1, 4], [2, 3])).toBe(0.5);
  expect(smallerShare([1, 1], [1, 2])).toBe(0.75);
});

describe("claims", () => {
  const course = (real: number, half: number, sorted: number): Course => ({
    bits: Array.from({ length: 11 }, (_, i) => (i === 5 ? half : real)),
    sorted: Array.from({ length: 11 }, (_, i) => (i === 5 ? sorted : 0.5)),
  });
  const runs = (running: Course, batch = running): Summary[] =>
    [0, 1, 2].map(() => ({ running, batch, steps: [], training: [], samples: "" }));
  const outcomes = (bn: Summary[], ln: Summary[]) =>
    Object.fromEntries(
      decideClaims(claims, ({ norm, batching }) =>
        batching === "label" ? new Map(Object.entries({ bn, ln })).get(norm) : undefined,
      ).map(({ id, outcome }) => [id, outcome]),
    );
  const [tells, doesNot] = [runs(course(1, 1.5, 0.95)), runs(course(1, 1.01, 0.55))];

  it("Runs as the paper describes them confirm all claims, and opposite runs confirm none", () => {
    const ids = [
      "ln-tells-blends",
      "bn-does-not",
      "bn-does-not-by-batch",
      "ln-tells-more",
      "ln-sorts",
      "bn-does-not-sort",
    ];
    const all = (outcome: string) => Object.fromEntries(ids.map((id) => [id, outcome]));
    expect(outcomes(doesNot, tells)).toEqual(all("confirmed"));
    expect(outcomes(tells, doesNot)).toEqual(all("not confirmed"));
  });

  it("Running statistics and batch statistics decide claims of their own", () => {
    const mixed = outcomes(runs(course(1, 1.5, 0.95), course(1, 1, 0.5)), tells);
    expect(mixed["bn-does-not"]).toBe("not confirmed");
    expect(mixed["bn-does-not-by-batch"]).toBe("confirmed");
  });
});

describe("a small run on glyphs", () => {
  let result: ExperimentResult;
  beforeAll(async () => {
    result = await reproduce("flow-interpolation", {
      ...{ out: folder.path("flow"), seeds: [0], norms: ["bn", "none"] },
      overrides: { steps: "30", pairs: "32", width: "2", blocks: "0", rate: "0.01" },
    });
  });
  const curve = (quantity: string, series: string) =>
    result.curves.find((c) => c.quantity === quantity && (c.series === series || c.group === series))!;

  it("Training lowers bits/dim, and blends have fewer bits than noise", () => {
    for (const norm of ["bn", "none"]) {
      const [bits] = curve("bits/dim in training", norm).values;
      expect(bits).toHaveLength(30);
      expect(bits.at(-1)!).toBeLessThan(bits[0] - 0.3);
      const [along] = curve("bits/dim of blends", norm).values;
      expect(along).toHaveLength(11);
      for (const value of along) expect(value > 3 && value < 12).toBe(true);
    }
  });

  it("Batch statistics change the bits of a flow with batch norm and not those of a flow without a norm", () => {
    const both = (norm: string) =>
      ["bits/dim of blends", "bits/dim of blends, batch statistics"].map((q) => curve(q, norm).values[0]);
    const [running, batch] = both("none");
    for (const [i, value] of running.entries()) expect(batch[i]).toBeCloseTo(value, 4);
    const [bnRunning, bnBatch] = both("bn");
    expect(Math.abs(bnRunning[5] - bnBatch[5])).toBeGreaterThan(1e-3);
  });

  it("The result has the blends and the samples of each norm as pictures", () => {
    const pictures = result.pictures!.map(({ group, png }) => {
      const { width, height } = decode(Buffer.from(png, "base64"));
      return [group, width, height];
    });
    expect(pictures).toEqual([
      ["", 11 * 18 - 2, 4 * 18 - 2],
      ["bn", 8 * 18 - 2, 4 * 18 - 2],
      ["none", 8 * 18 - 2, 4 * 18 - 2],
    ]);
  });
});

describe("wrong use", () => {
  const refused = (overrides: Record<string, string>, place: string, words: RegExp) =>
    expectUserError(
      () => reproduce("flow-interpolation", { out: folder.path("wrong"), resume: true, overrides }),
      place,
      words,
    );
  it("Settings that do not fit the data are refused", async () => {
    await refused({ pairs: "33" }, "pairs=33", /multiple of the batch, 32/);
    await refused({ pairs: "3200" }, "pairs=3200", /glyphs holds out \d+ pairs/);
    await refused({ second: "10" }, "second=10", /class of glyphs, 0 to 9/);
    await refused({ second: "2" }, "second=2", /another class/);
    await refused({ shuffled: "perhaps" }, "shuffled=perhaps", /yes or no/);
  });
  it("A norm without an inverse is refused with the norms that have one", () =>
    expectUserError(
      () => reproduce("flow-interpolation", { out: folder.path("wrong"), resume: true, norms: ["gn:2"] }),
      "experiment flow-interpolation",
      /cannot use norm gn:2, expected bn, ln, detached, frozen, actnorm, none/,
    ));
});
