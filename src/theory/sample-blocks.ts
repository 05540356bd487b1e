import type { FloatArray } from "./standardize.js";

/**
 * Samples per block. The features of this many samples stay in the CPU cache while every row of a
 * [D, D] matrix visits them.
 */
const SAMPLES_AT_ONCE = 256;

/** The features of some samples, gathered from a tensor. */
export interface SampleBlock {
  /** [D, width], row by row. */
  readonly values: Float64Array;
  /** Distance of each sample from the first element of its channel. */
  readonly columns: Uint32Array;
}

/**
 * The samples of a tensor in blocks, in order.
 * Element i of channel d lies at `starts[d] + offsets[i]`.
 */
export function* sampleBlocks(
  tensor: FloatArray,
  starts: Uint32Array,
  offsets: Uint32Array,
  samples: number = SAMPLES_AT_ONCE,
): Generator<SampleBlock> {
  for (let start = 0; start < offsets.length; start += samples) {
    const columns = offsets.subarray(start, start + samples);
    const values = new Float64Array(starts.length * columns.length);
    for (let d = 0, k = 0; d < starts.length; d++)
      for (const column of columns) values[k++] = tensor[starts[d] + column];
    yield { values, columns };
  }
}

/** Row d of (M − diag M)·V, which is Σ_{e≠d} M_de·V_e, for M [D, D] and V [D, width]. */
export function offDiagonalRow(
  matrix: Float64Array,
  values: Float64Array,
  size: number,
  d: number,
): Float64Array {
  const width = values.length / size;
  const row = new Float64Array(width);
  for (let e = 0; e < size; e++) {
    const factor = matrix[d * size + e];
    if (e === d || factor === 0) continue;
    for (let i = 0, k = e * width; i < width; i++, k++) row[i] += factor * values[k];
  }
  return row;
}
