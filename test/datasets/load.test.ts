import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { DatasetName } from "../../src/datasets/index.js";
import { loadDataset } from "../../src/datasets/index.js";
import { hasShared, shared, sharedReason } from "../support/shared.js";
import { temporaryFolder } from "../support/temporary.js";
import { expectUserError } from "../support/user-error.js";

const digest = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const counts = (labels: Uint8Array): number[] => {
  const perClass = Array<number>(10).fill(0);
  for (const label of labels) perClass[label]++;
  return perClass;
};

describe("The glyphs", () => {
  it("need no files and have every class", async () => {
    const { train, test, shape, classes } = await loadDataset("glyphs");
    expect(shape).toEqual([1, 16, 16]);
    expect(classes).toHaveLength(10);
    expect([train.labels.length, train.images.length]).toEqual([8000, 8000 * 256]);
    expect([test.labels.length, test.images.length]).toEqual([2000, 2000 * 256]);
    expect(Math.min(...counts(train.labels), ...counts(test.labels))).toBeGreaterThan(150);
    expect(Math.max(...train.images.subarray(0, 2560))).toBeGreaterThan(200);
  });
});

describe.skipIf(!hasShared)(`Published files load${sharedReason}`, () => {
  const load = (name: DatasetName) => loadDataset(name, { dataDir: shared("datasets") });

  it("MNIST has the published pixels and labels", async () => {
    const { train, test } = await load("mnist");
    expect(counts(train.labels)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(counts(test.labels)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    expect(train.images.length).toBe(60_000 * 784);
    // The unpacked file, of 16 header bytes and the pixels, has this known SHA-256.
    const header = Buffer.from("0000080300002710" + "0000001c0000001c", "hex");
    expect(digest(Buffer.concat([header, test.images]))).toBe(
      "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    );
  });

  it("Fashion-MNIST has a thousand test images of each class", async () => {
    const { test, classes } = await load("fashion-mnist");
    expect(counts(test.labels)).toEqual(Array(10).fill(1000));
    expect(classes[test.labels[0]]).toBe("ankle boot");
  });

  it("CIFAR-10 (a subset) joins five files, with colours as channels", async () => {
    const { train, test, shape } = await load("cifar10");
    expect(shape).toEqual([3, 32, 32]);
    expect(counts(train.labels)).toEqual(Array(10).fill(1000));
    expect(counts(test.labels)).toEqual(Array(10).fill(200));
    expect(train.images.length).toBe(10_000 * 3072);
  });
});

describe("A damaged file is a user error that names the file", () => {
  const folder = temporaryFolder();
  const big = (...words: number[]) => {
    const bytes = Buffer.alloc(4 * words.length);
    words.forEach((word, i) => {
      bytes.writeUInt32BE(word, 4 * i);
    });
    return bytes;
  };
  const image = Buffer.alloc(784);
  const imagesOf = (count: number) => Buffer.concat([big(0x803, count, 28, 28), ...Array(count).fill(image)]);
  const labels = (...values: number[]) => Buffer.concat([big(0x801, values.length), Buffer.from(values)]);

  let next = 0;
  /** A data folder with a small MNIST that has these training files. */
  const dataDir = (files: { images?: Uint8Array; labels?: Uint8Array; gz?: boolean }) => {
    const name = `case${next++}`;
    mkdirSync(folder.path(`${name}/mnist`), { recursive: true });
    const write = (file: string, bytes: Uint8Array) => folder.write(`${name}/mnist/${file}`, bytes);
    write(`train-images-idx3-ubyte${files.gz ? ".gz" : ""}`, files.images ?? imagesOf(2));
    write("train-labels-idx1-ubyte", files.labels ?? labels(3, 4));
    write("t10k-images-idx3-ubyte.gz", gzipSync(imagesOf(1)));
    write("t10k-labels-idx1-ubyte", labels(5));
    return folder.path(name);
  };
  const fails = async (files: Parameters<typeof dataDir>[0], file: string, words: RegExp) => {
    const dir = dataDir(files);
    await expectUserError(() => loadDataset("mnist", { dataDir: dir }), `${dir}/mnist/${file}`, words);
  };
  const [IMAGES, LABELS] = ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"];

  it("Whole files load", async () => {
    const { train, test } = await loadDataset("mnist", { dataDir: dataDir({}) });
    expect([...train.labels, ...test.labels]).toEqual([3, 4, 5]);
  });
  it("A file that is not idx is refused", () =>
    fails({ images: Buffer.from("hello") }, IMAGES, /magic number 2051\), got 1751477356/));
  it("An empty file is refused", () => fails({ images: Buffer.alloc(0) }, IMAGES, /got 0 bytes/));
  it("A file with too few pixels is refused", () =>
    fails({ images: imagesOf(2).subarray(0, 1000) }, IMAGES, /needs 1568 bytes.*has 984/));
  it("A file that ends in its header is refused", () =>
    fails({ images: imagesOf(1).subarray(0, 7) }, IMAGES, /truncated/));
  it("A file of labels is refused as images", () => fails({ images: labels(1) }, IMAGES, /got 2049/));
  it("Images of another size are refused", () =>
    fails({ images: big(0x803, 0, 9, 9) }, IMAGES, /expected images \[28, 28\], got \[9, 9\]/));
  it("Fewer labels than images are refused", () =>
    fails({ labels: labels(1) }, LABELS, /a label for each of 2 images, got 1/));
  it("A label out of range is refused", () =>
    fails({ labels: labels(1, 10) }, LABELS, /label 1: expected 0 to 9, got 10/));
  it("A .gz file that is not gzip is refused", () =>
    fails({ images: Buffer.from("hello"), gz: true }, `${IMAGES}.gz`, /expected a gzip file/));

  it("The message for a missing file gives its path and its address", async () => {
    const dir = folder.path("nowhere");
    await expectUserError(
      () => loadDataset("fashion-mnist", { dataDir: dir }),
      `${dir}/fashion-mnist/${IMAGES}`,
      /no such file.*http:.*train-images-idx3-ubyte\.gz/,
    );
  });

  it("A CIFAR-10 file with an incomplete record is refused", async () => {
    mkdirSync(folder.path("c/cifar10"), { recursive: true });
    for (const name of [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`).concat("test_batch.bin"))
      folder.write(`c/cifar10/${name}`, Buffer.alloc(name === "data_batch_3.bin" ? 3074 : 3073));
    const file = folder.path("c/cifar10/data_batch_3.bin");
    await expectUserError(
      () => loadDataset("cifar10", { dataDir: folder.path("c") }),
      file,
      /3073 bytes, got 3074/,
    );
  });
});
