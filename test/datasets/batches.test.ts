import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Batching, batchings, batchOf, epochBatches, Random } from "../../src/datasets/index.js";

const labelsOf = (list: number[]) => Uint8Array.from(list);
const anyLabels = fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 80 }).map(labelsOf);
const anySize = fc.integer({ min: 1, max: 9 });
const order = (labels: Uint8Array, size: number, batching: Batching, seed: number) =>
  epochBatches(labels, { size, batching, random: new Random(seed) });

describe("The batches of an epoch", () => {
  it.each(batchings)(
    "with %s have full size, use no image twice, and depend on the seed alone",
    (batching) => {
      fc.assert(
        fc.property(anyLabels, anySize, fc.nat(), (labels, size, seed) => {
          const batches = order(labels, size, batching, seed);
          const used = batches.flat();
          expect(batches.every((batch) => batch.length === size)).toBe(true);
          expect(new Set(used).size).toBe(used.length);
          expect(used.every((i) => i >= 0 && i < labels.length)).toBe(true);
          expect(order(labels, size, batching, seed)).toEqual(batches);
        }),
      );
    },
  );

  it("with shuffled leave out less than one batch", () => {
    fc.assert(
      fc.property(anyLabels, anySize, fc.nat(), (labels, size, seed) => {
        const used = order(labels, size, "shuffled", seed).flat().length;
        expect(labels.length - used).toBeLessThan(size);
      }),
    );
  });

  it("with label hold one class each and leave out less than one batch per class", () => {
    fc.assert(
      fc.property(anyLabels, anySize, fc.nat(), (labels, size, seed) => {
        const batches = order(labels, size, "label", seed);
        for (const batch of batches) expect(new Set(batch.map((i) => labels[i])).size).toBe(1);
        for (const label of new Set(labels)) {
          const all = labels.filter((l) => l === label).length;
          const used = batches.flat().filter((i) => labels[i] === label).length;
          expect(all - used).toBeLessThan(size);
        }
      }),
    );
  });

  it("with label come in random order of the classes", () => {
    const labels = Uint8Array.from({ length: 400 }, (_, i) => i % 10);
    const classes = order(labels, 4, "label", 1).map((batch) => labels[batch[0]]);
    const changes = classes.filter((label, i) => i > 0 && label !== classes[i - 1]).length;
    expect(changes).toBeGreaterThan(70);
    expect(order(labels, 4, "label", 2)).not.toEqual(order(labels, 4, "label", 1));
  });

  it("hold the pixels of their images divided by 255", () => {
    const split = { images: Uint8Array.from([0, 51, 102, 153, 204, 255]), labels: labelsOf([7, 8, 9]) };
    const { images, labels } = batchOf(split, [1, 1, 2], [2, 0]);
    expect(images.shape).toEqual([2, 1, 1, 2]);
    expect(images.data).toEqual(Float32Array.from([0.8, 1, 0, 0.2]));
    expect(labels.data).toEqual(Int32Array.from([9, 7]));
  });
});
