import { TensorProto_DataType as Type } from "onnx-buf";
import type { DType } from "../../tensor.js";
import type { ElementType } from "../model.js";

/** How one element type lies in the bytes of `raw_data`, and which tensor type it becomes here. */
interface ElementFormat {
  readonly name: ElementType;
  readonly bytes: number;
  readonly dtype: DType;
  /** Little-endian bytes to numbers. Integers keep their value, half floats are widened. */
  readonly decode: (bytes: Uint8Array) => ArrayLike<number>;
}

const formats = new Map<Type, ElementFormat>();

function format(
  type: Type,
  name: ElementType,
  bytes: number,
  dtype: DType,
  decode: ElementFormat["decode"],
): void {
  formats.set(type, { name, bytes, dtype, decode });
}

/** A copy whose buffer starts at an aligned address. */
const aligned = (bytes: Uint8Array): ArrayBuffer =>
  bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;

format(Type.FLOAT, "float32", 4, "float32", (b) => new Float32Array(aligned(b)));
format(Type.DOUBLE, "float64", 8, "float64", (b) => new Float64Array(aligned(b)));
format(Type.FLOAT16, "float16", 2, "float32", (b) => widen(new Uint16Array(aligned(b)), fromHalf));
format(Type.BFLOAT16, "bfloat16", 2, "float32", (b) => widen(new Uint16Array(aligned(b)), fromBrain));
format(Type.INT8, "int8", 1, "int32", (b) => new Int8Array(aligned(b)));
format(Type.UINT8, "uint8", 1, "int32", (b) => b);
format(Type.INT16, "int16", 2, "int32", (b) => new Int16Array(aligned(b)));
format(Type.UINT16, "uint16", 2, "int32", (b) => new Uint16Array(aligned(b)));
format(Type.INT32, "int32", 4, "int32", (b) => new Int32Array(aligned(b)));
format(Type.UINT32, "uint32", 4, "int32", (b) => new Uint32Array(aligned(b)));
format(Type.INT64, "int64", 8, "int32", (b) => Float64Array.from(new BigInt64Array(aligned(b)), Number));
format(Type.UINT64, "uint64", 8, "int32", (b) => Float64Array.from(new BigUint64Array(aligned(b)), Number));
format(Type.BOOL, "bool", 1, "bool", (b) => b);

/** The format of an element type, or null for types that no tensor here can hold (strings, complex, float8). */
export const formatOf = (type: number): ElementFormat | null => formats.get(type) ?? null;

function widen(bits: Uint16Array, convert: (bits: number) => number): Float32Array {
  return Float32Array.from(bits, convert);
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const word = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
export function fromBrain(bits: number): number {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
}
