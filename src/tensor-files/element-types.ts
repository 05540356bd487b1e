import { widenBfloat16, widenFloat16 } from "../base/half-floats.js";
import type { DType, TensorData } from "../base/tensor.js";

/** Element type of a tensor in a file, by its name in safetensors. */
export type StoredType =
  | "F16"
  | "BF16"
  | "F32"
  | "F64"
  | "I8"
  | "U8"
  | "I16"
  | "U16"
  | "I32"
  | "U32"
  | "I64"
  | "U64"
  | "BOOL";

/** How a stored element type is decoded. */
interface Decoding {
  /** Bytes per element. */
  readonly bytes: number;
  /** Type of the decoded elements. 16-bit floats become float32, integers but uint32 int32. */
  readonly dtype: DType;
  /**
   * Decodes little-endian bytes whose offset is a multiple of 8. The result may share their memory.
   */
  readonly decode: (bytes: Uint8Array) => TensorData;
}

/** Views bytes as elements of `size` bytes, without a copy. */
const sharing =
  <T>(Elements: new (buffer: ArrayBufferLike, offset: number, length: number) => T, size: number) =>
  (bytes: Uint8Array): T =>
    new Elements(bytes.buffer, bytes.byteOffset, bytes.byteLength / size);

const halves = sharing(Uint16Array, 2);

/**
 * Every stored type. Views of several bytes per element need a little-endian machine; Node.js
 * supports one platform that is not, s390x.
 */
export const DECODINGS: Readonly<Record<StoredType, Decoding>> = {
  F32: { bytes: 4, dtype: "float32", decode: sharing(Float32Array, 4) },
  F64: { bytes: 8, dtype: "float64", decode: sharing(Float64Array, 8) },
  F16: { bytes: 2, dtype: "float32", decode: (bytes) => widenFloat16(halves(bytes)) },
  BF16: { bytes: 2, dtype: "float32", decode: (bytes) => widenBfloat16(halves(bytes)) },
  I8: { bytes: 1, dtype: "int32", decode: (bytes) => Int32Array.from(sharing(Int8Array, 1)(bytes)) },
  U8: { bytes: 1, dtype: "int32", decode: (bytes) => Int32Array.from(bytes) },
  I16: { bytes: 2, dtype: "int32", decode: (bytes) => Int32Array.from(sharing(Int16Array, 2)(bytes)) },
  U16: { bytes: 2, dtype: "int32", decode: (bytes) => Int32Array.from(sharing(Uint16Array, 2)(bytes)) },
  I32: { bytes: 4, dtype: "int32", decode: sharing(Int32Array, 4) },
  U32: { bytes: 4, dtype: "uint32", decode: sharing(Uint32Array, 4) },
  I64: { bytes: 8, dtype: "int32", decode: (bytes) => narrow(sharing(BigInt64Array, 8)(bytes)) },
  U64: { bytes: 8, dtype: "int32", decode: (bytes) => narrow(sharing(BigUint64Array, 8)(bytes)) },
  BOOL: {
    bytes: 1,
    dtype: "bool",
    decode: (bytes) => Uint8Array.from(bytes, (byte) => (byte === 0 ? 0 : 1)),
  },
};

/** Whether a value is the name of a stored type. */
export const isStoredType = (name: unknown): name is StoredType =>
  typeof name === "string" && Object.hasOwn(DECODINGS, name);

/** Converts 64-bit integers to int32. Throws a RangeError if one does not fit. */
function narrow(values: BigInt64Array | BigUint64Array): Int32Array {
  const result = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    result[i] = Number(values[i]);
    if (BigInt(result[i]) !== BigInt(values[i]))
      throw new RangeError(`expected integers within the int32 range, got ${values[i]}`);
  }
  return result;
}
