import { describe, expect, it } from "vitest";
import { Random } from "../../src/base/random.js";
import type { Tensor } from "../../src/base/tensor.js";
import type { Dataset, Split } from "../../src/datasets/index.js";
import { compile } from "../../src/engine/index.js";
import { TrainingImages } from "../../src/experiments/one-class-batches/images.js";
import { judged } from "../../src/experiments/one-class-batches/network.js";
import { initialBuffers, initialValues } from "../../src/nn/index.js";
import { expectUserError } from "../support/user-error.js";

const SHAPE = [2, 6, 5] as const;
const pixels = SHAPE[0] * SHAPE[1] * SHAPE[2];
const random = new Random(2);
const split: Split = {
  images: Uint8Array.from({ length: 30 * pixels }, (_, e) =>
    Math.round(60 * (1 + (Math.floor(e / 30) % 2)) + random.uniform(0, 100)),
  ),
  labels: Uint8Array.from({ length: 30 }, (_, i) => i % 3),
};
const all = Array.from(split.labels.keys());

describe("training images", () => {
  it("Standardized images have mean 0 and deviation 1 in every channel", () => {
    const images = new TrainingImages(split, SHAPE, { augment: "none", standardize: true });
    const [x, labels] = images.batch(all, 0);
    expect(Array.from(labels.data)).toEqual(Array.from(split.labels));
    for (const channel of [0, 1]) {
      const values = Array.from(x.data).filter((_, e) => Math.floor(e / 30) % 2 === channel);
      const mean = values.reduce((a, b) => a + b) / values.length;
      expect(mean).toBeCloseTo(0, 5);
      expect(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length).toBeCloseTo(1, 5);
    }
  });

  it("A compiled function prepares images as training batches are prepared", async () => {
    const images = new TrainingImages(split, SHAPE, { augment: "none", standardize: true });
    const plain = new TrainingImages(split, SHAPE, { augment: "none", standardize: false });
    const [x] = plain.batch([3, 4], 0);
    await using program = await compile((x) => [images.prepare(x)], [x]);
    const [prepared] = await program.run([x]);
    const [want] = images.batch([3, 4], 0);
    prepared.data.forEach((value, e) => {
      expect(value).toBeCloseTo(want.data[e], 5);
    });
  });

  it("An augmented image is a shift of the image or of its mirror image, and depends on the seed only", () => {
    const images = new TrainingImages(split, SHAPE, { augment: "flip-crop", standardize: false });
    const plain = new TrainingImages(split, SHAPE, { augment: "none", standardize: false });
    const seen = new Set<string>();
    const [original] = plain.batch([7], 0);
    const shifts = new Set<string>();
    for (const mirrored of [false, true])
      for (let down = -4; down <= 4; down++)
        for (let right = -4; right <= 4; right++) shifts.add(shifted(original, down, right, mirrored));
    for (let seed = 0; seed < 40; seed++) {
      const [x] = images.batch([7], seed);
      const text = Array.from(x.data).join();
      expect(shifts.has(text)).toBe(true);
      seen.add(text);
      expect(Array.from(images.batch([7], seed)[0].data).join()).toBe(text);
    }
    expect(seen.size).toBeGreaterThan(20);
  });
});

/** The image, [1, C, H, W], shifted and perhaps mirrored, as text. Zeros fill the rest. */
function shifted({ data }: Tensor, down: number, right: number, mirrored: boolean): string {
  const [channels, height, width] = SHAPE;
  const at = (c: number, y: number, x: number) =>
    y < 0 || y >= height || x < 0 || x >= width
      ? 0
      : data[(c * height + y) * width + (mirrored ? width - 1 - x : x)];
  const result: number[] = [];
  for (let c = 0; c < channels; c++)
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) result.push(at(c, y + down, x + right));
  return result.join();
}

describe("judged networks", () => {
  const cifar: Pick<Dataset, "shape" | "classes"> = { shape: [3, 32, 32], classes: Array(10).fill("x") };

  it.each([
    ["resnet8", "stage3.0.shortcut_norm", 64, 64],
    ["mlp", "norm", 16, 16],
  ] as const)(
    "The last norm of %s is %s, and its features and the inputs of that norm are found",
    async (name, last, width, below) => {
      const network = judged(name, cifar, { norm: "bn", hidden: [20, 16] });
      expect(network.lastNorm).toBe(last);
      const values = [...initialValues(network.whole, new Random(1)), ...initialBuffers(network.whole)];
      const count = network.whole.parameters.length;
      const x: Tensor = { dtype: "float32", shape: [2, 3, 32, 32], data: new Float32Array(6144).fill(0.5) };
      await using program = await compile(
        (...args) => {
          const parts = [args.slice(0, count), args.slice(count, -1), args.at(-1)!] as const;
          return [network.whole.features, network.below].map((part) => part.evaluate(...parts));
        },
        [...values, x],
      );
      const [features, entering] = await program.run([...values, x]);
      expect(features.shape).toEqual([2, width]);
      expect(entering.shape).toEqual([2, below]);
      expect(features.data.every((v) => v >= 0)).toBe(true);
      expect(entering.data.some((v) => v < 0)).toBe(true);
    },
  );

  it("A convolutional network refuses images of another shape", async () => {
    const glyphs = { ...cifar, shape: [1, 16, 16] as const };
    await expectUserError(
      async () => judged("vgg11", glyphs, { norm: "bn", hidden: [1, 1] }),
      "network vgg11",
      /dataset=cifar10/,
    );
  });
});
