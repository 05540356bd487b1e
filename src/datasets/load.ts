import { UserError } from "../base/errors.js";
import { showShape } from "../base/tensor.js";
import { parseCifar10 } from "./cifar.js";
import type { Dataset, DatasetName, Split } from "./dataset.js";
import { glyphNames, glyphs } from "./glyphs.js";
import { parseIdx } from "./idx.js";
import { CIFAR10_ARCHIVE, CIFAR10_FILES, CLASSES, IDX_FILES, IDX_REMOTES } from "./sources.js";
import { Store, type StoreOptions } from "./store.js";

/**
 * Loads a data set. Its files come from `dataDir`, or else from the cache. Files that the cache
 * lacks are downloaded, and their SHA-256 is checked. `glyphs` needs no files: it is drawn.
 *
 * @param name - Name of the data set.
 * @param options - Folder of the files, folder of the cache, and a callback for progress.
 * @returns The data set.
 * @throws {@link UserError} if a file is missing or damaged, or cannot be downloaded.
 *
 * @example
 * ```ts
 * import { loadDataset } from "blindspot/datasets";
 *
 * const { train, classes } = await loadDataset("glyphs");
 * console.log(train.labels.length, classes[train.labels[0]]); // 8000, a name
 * ```
 */
export async function loadDataset(name: DatasetName, options: StoreOptions = {}): Promise<Dataset> {
  switch (name) {
    case "glyphs":
      return glyphDataset();
    case "mnist":
    case "fashion-mnist":
      return loadIdx(name, new Store(name, options));
    case "cifar10":
      return loadCifar10(new Store(name, options));
  }
}

/** Number and seed of the glyphs of each split. */
const GLYPHS = { train: { count: 8000, seed: 1 }, test: { count: 2000, seed: 2 } } as const;

function glyphDataset(): Dataset {
  const draw = (part: { count: number; seed: number }): Split => {
    const { images, labels } = glyphs(part);
    return {
      images: Uint8Array.from(images.data, (value) => Math.round(255 * value)),
      labels: Uint8Array.from(labels.data),
    };
  };
  return {
    name: "glyphs",
    classes: glyphNames,
    shape: [1, 16, 16],
    train: draw(GLYPHS.train),
    test: draw(GLYPHS.test),
  };
}

async function loadIdx(name: "mnist" | "fashion-mnist", store: Store): Promise<Dataset> {
  const part = async (files: { images: string; labels: string }): Promise<Split> => {
    const read = (file: string) => store.read(file, IDX_REMOTES[name][file]);
    const [imageFile, labelFile] = [await read(files.images), await read(files.labels)];
    const images = parseIdx(imageFile.file, imageFile.bytes, "images");
    const labels = parseIdx(labelFile.file, labelFile.bytes, "labels");
    const [count, ...size] = images.shape;
    if (`${size}` !== "28,28")
      throw new UserError(
        `${imageFile.file}: expected images [28, 28], got ${showShape(size)}; download it again`,
      );
    if (count !== labels.data.length)
      throw new UserError(
        `${labelFile.file}: expected a label for each of ${count} images, got ${labels.data.length}; ` +
          "download both files again",
      );
    checkLabels(labelFile.file, labels.data);
    return { images: images.data, labels: labels.data };
  };
  return {
    name,
    classes: CLASSES[name],
    shape: [1, 28, 28],
    train: await part(IDX_FILES.train),
    test: await part(IDX_FILES.test),
  };
}

async function loadCifar10(store: Store): Promise<Dataset> {
  const part = async (files: readonly string[]): Promise<Split> => {
    const split = parseCifar10(await store.readAll(files, CIFAR10_ARCHIVE));
    checkLabels(files.join(", "), split.labels);
    return split;
  };
  return {
    name: "cifar10",
    classes: CLASSES.cifar10,
    shape: [3, 32, 32],
    train: await part(CIFAR10_FILES.train),
    test: await part(CIFAR10_FILES.test),
  };
}

function checkLabels(file: string, labels: Uint8Array): void {
  const at = labels.findIndex((label) => label > 9);
  if (at >= 0)
    throw new UserError(`${file}: label ${at}: expected 0 to 9, got ${labels[at]}; download it again`);
}
