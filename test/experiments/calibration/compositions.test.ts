import { describe, expect, test } from "vitest";
import { Random } from "../../../src/datasets/index.js";
import {
  type Arranged,
  type Arrangement,
  arranged,
  compositionName,
  compositionsFor,
  isShuffled,
  shuffledLike,
} from "../../../src/experiments/calibration/compositions.js";

const COUNT = 2000;
const random = new Random(3);
const numbers = () => Float32Array.from({ length: COUNT }, () => random.uniform());
const samples: Arranged = {
  classes: Uint8Array.from({ length: COUNT }, () => random.below(10)),
  domains: Uint8Array.from({ length: COUNT }, (_, i) => i % 2),
  attributes: { brightness: numbers(), across: numbers(), down: numbers() },
};
const batchesOf = (arrangement: Arrangement, size = 16) =>
  arranged(samples, { domain: "none", arrangement, size }, new Random(1));
const kindsIn = (batch: readonly number[], keys: Uint8Array) => new Set(batch.map((i) => keys[i])).size;

describe("The batches of a composition", () => {
  test.each(compositionsFor("all", 10).map((c) => [compositionName(c), c] as const))(
    "%s: all batches have the size, and no sample is in two of them",
    (_, composition) => {
      const batches = arranged(samples, composition, new Random(0));
      expect(batches.length).toBeGreaterThan(0);
      expect(new Set(batches.map(({ length }) => length))).toEqual(new Set([composition.size]));
      const all = batches.flat();
      expect(new Set(all).size).toBe(all.length);
    },
  );

  test("Names are different, and every composition has its reference", () => {
    const all = compositionsFor("all", 10);
    const names = all.map(compositionName);
    expect(new Set(names).size).toBe(names.length);
    for (const composition of all) {
      expect(names).toContain(compositionName(shuffledLike(composition)));
      expect(isShuffled(shuffledLike(composition))).toBe(true);
    }
  });

  test.each([1, 2, 3, 5])("Batches of %i classes have equal parts of that many classes", (count) => {
    const batches = batchesOf({ by: "classes", count });
    // Most samples are used.
    expect(batches.length * 16).toBeGreaterThan(0.6 * COUNT);
    for (const batch of batches) {
      expect(kindsIn(batch, samples.classes)).toBe(count);
      const counts = [...new Set(batch.map((i) => samples.classes[i]))].map(
        (k) => batch.filter((i) => samples.classes[i] === k).length,
      );
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }
    expect(new Set(batches.flat().map((i) => samples.classes[i])).size).toBe(10);
  });

  test("A purity of one half has at least half a batch of one class, and other classes too", () => {
    for (const batch of batchesOf({ by: "purity", of: "class", share: 0.5 })) {
      const counts = [...Array(10).keys()].map((k) => batch.filter((i) => samples.classes[i] === k).length);
      expect(Math.max(...counts)).toBeGreaterThanOrEqual(8);
      expect(kindsIn(batch, samples.classes)).toBeGreaterThan(1);
    }
  });

  test("Domains apart: one domain a batch", () => {
    for (const batch of batchesOf({ by: "domain" })) expect(kindsIn(batch, samples.domains)).toBe(1);
  });

  test("Sorted batches have samples of like values, and epochs differ", () => {
    const values = samples.attributes.down;
    const width = (batch: readonly number[]) =>
      Math.max(...batch.map((i) => values[i])) - Math.min(...batch.map((i) => values[i]));
    const sorted = batchesOf({ by: "sorted", attribute: "down" });
    expect(Math.max(...sorted.map(width))).toBeLessThan(0.15);
    const composition = {
      domain: "none",
      size: 16,
      arrangement: { by: "sorted", attribute: "down" },
    } as const;
    const generator = new Random(1);
    const sets = [1, 2].map(() =>
      arranged(samples, composition, generator)
        .map((batch) => batch.toSorted((a, b) => a - b).join())
        .sort(),
    );
    expect(sets[0]).not.toEqual(sets[1]);
  });

  test("Two classes leave out compositions of two classes or more a batch", () => {
    const counts = compositionsFor("all", 2).flatMap(({ arrangement }) =>
      arrangement.by === "classes" ? arrangement.count : [],
    );
    expect(new Set(counts)).toEqual(new Set([1]));
  });
});
