import type { StoredType } from "./element-types.js";

/** A tensor of a file, without its elements. */
export interface TensorEntry {
  /** Name of the tensor in the file. */
  readonly name: string;
  /** Element type in the file. */
  readonly type: StoredType;
  /** Sizes of its axes. */
  readonly shape: readonly number[];
  /** Whether the first axis is the fastest (Fortran order in npy) instead of the last. */
  readonly columnMajor: boolean;
}

/** An open file of named tensors. Its list has been checked: every entry lies within the file. */
export interface TensorFile {
  /** Path of the file. */
  readonly path: string;
  /** Format of the file. */
  readonly format: "safetensors" | "npz";
  /** Every tensor, in the order of the file. */
  readonly entries: readonly TensorEntry[];
  /** Texts of the file by name. */
  readonly metadata: ReadonlyMap<string, string>;
  /**
   * Reads the bytes of one tensor in blocks of `blockBytes`; the last may be shorter. Elements are
   * little-endian, in the order of the file. Each block reuses the memory of the one before. Throws
   * a UserError if the file is damaged.
   */
  bytes(entry: TensorEntry, blockBytes: number): AsyncGenerator<Uint8Array>;
  /** Closes the file. */
  close(): Promise<void>;
}
