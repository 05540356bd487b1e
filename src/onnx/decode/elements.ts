import { TensorProto_DataType as Type } from "onnx-buf";
import { widenBfloat16, widenFloat16 } from "../../base/half-floats.js";
import type { DType } from "../../base/tensor.js";
import type { ElementType } from "../model.js";

/** How the elements of one type are stored, and the tensor type that they are read as. */
export interface ElementFormat {
  readonly name: ElementType;
  /** Bytes per element in `raw_data`. */
  readonly bytes: number;
  readonly dtype: DType;
  /**
   * Converts little-endian bytes to numbers. Integers keep their value; half floats are widened.
   */
  readonly decode: (bytes: Uint8Array) => ArrayLike<number>;
}

/** A copy whose buffer starts at an aligned address. */
const aligned = (bytes: Uint8Array): ArrayBuffer =>
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;

const formats: ReadonlyMap<number, ElementFormat> = new Map<number, ElementFormat>([
  [Type.FLOAT, { name: "float32", bytes: 4, dtype: "float32", decode: (b) => new Float32Array(aligned(b)) }],
  [Type.DOUBLE, { name: "float64", bytes: 8, dtype: "float64", decode: (b) => new Float64Array(aligned(b)) }],
  [
    Type.FLOAT16,
    { name: "float16", bytes: 2, dtype: "float32", decode: (b) => widenFloat16(new Uint16Array(aligned(b))) },
  ],
  [
    Type.BFLOAT16,
    {
      name: "bfloat16",
      bytes: 2,
      dtype: "float32",
      decode: (b) => widenBfloat16(new Uint16Array(aligned(b))),
    },
  ],
  [Type.INT8, { name: "int8", bytes: 1, dtype: "int32", decode: (b) => new Int8Array(aligned(b)) }],
  [Type.UINT8, { name: "uint8", bytes: 1, dtype: "int32", decode: (b) => b }],
  [Type.INT16, { name: "int16", bytes: 2, dtype: "int32", decode: (b) => new Int16Array(aligned(b)) }],
  [Type.UINT16, { name: "uint16", bytes: 2, dtype: "int32", decode: (b) => new Uint16Array(aligned(b)) }],
  [Type.INT32, { name: "int32", bytes: 4, dtype: "int32", decode: (b) => new Int32Array(aligned(b)) }],
  [Type.UINT32, { name: "uint32", bytes: 4, dtype: "int32", decode: (b) => new Uint32Array(aligned(b)) }],
  [
    Type.INT64,
    {
      name: "int64",
      bytes: 8,
      dtype: "int32",
      decode: (b) => Float64Array.from(new BigInt64Array(aligned(b)), Number),
    },
  ],
  [
    Type.UINT64,
    {
      name: "uint64",
      bytes: 8,
      dtype: "int32",
      decode: (b) => Float64Array.from(new BigUint64Array(aligned(b)), Number),
    },
  ],
  [Type.BOOL, { name: "bool", bytes: 1, dtype: "bool", decode: (b) => b }],
]);

/**
 * The format of an ONNX element type; null for types without a tensor type: strings, complex,
 * float8.
 */
export const formatOf = (type: number): ElementFormat | null => formats.get(type) ?? null;
