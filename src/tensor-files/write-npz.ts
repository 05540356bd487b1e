import { ZipFile } from "yazl";
import { checkTensor, type Tensor } from "../base/tensor.js";
import { encodeNpy, encodeNpyText } from "./npy-header.js";
import { writeWholeFile } from "./whole-file.js";

/** One date for all entries, so that equal tensors give equal files. */
const DATE = new Date(1980, 0, 1);

/**
 * Writes tensors, in the order of the map, as a deflated npz file that `numpy.load` reads; metadata become
 * string scalars. An existing file is replaced at the end.
 */
export async function writeNpz(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const zip = new ZipFile();
  const add = (name: string, npy: Buffer) =>
    zip.addBuffer(npy, `${name}.npy`, { mtime: DATE, forceDosTimestamp: true });
  for (const [name, text] of Object.entries(metadata)) add(name, encodeNpyText(text));
  for (const [name, tensor] of tensors) {
    checkTensor(name, tensor);
    add(name, encodeNpy(tensor));
  }
  zip.end();
  await writeWholeFile(path, zip.outputStream as unknown as AsyncIterable<Uint8Array>);
}
