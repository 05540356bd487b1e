import { TensorProto_DataType as Type } from "onnx-buf";
import { widenBfloat16, widenFloat16 } from "../../base/half-floats.js";
import type { DType } from "../../base/tensor.js";
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
format(Type.FLOAT16, "float16", 2, "float32", (b) => widenFloat16(new Uint16Array(aligned(b))));
format(Type.BFLOAT16, "bfloat16", 2, "float32", (b) => widenBfloat16(new Uint16Array(aligned(b))));
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
