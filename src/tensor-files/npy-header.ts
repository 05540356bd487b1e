import { sizeOf, type Tensor } from "../base/tensor.js";
import type { StoredType } from "./element-types.js";

/** The header of an array in NumPy's npy format. The elements follow the header. */
export interface NpyHeader {
  /** Type of the elements; null for strings. */
  readonly type: StoredType | null;
  /** Bytes per number, or per character of a string. Byte order applies to each such unit. */
  readonly unitBytes: number;
  readonly bigEndian: boolean;
  /** Whether the first axis is the fastest (Fortran order) instead of the last. */
  readonly columnMajor: boolean;
  readonly shape: readonly number[];
  /** Bytes of the header, before the elements. */
  readonly headerBytes: number;
  /** Bytes of the elements. */
  readonly dataBytes: number;
}

const MAGIC = "\x93NUMPY";

/** Longest header that is read. NumPy writes about 128 bytes and refuses long headers too. */
const MAX_HEADER_BYTES = 1 << 16;

/** Stored types by NumPy's type codes: a letter and the bytes per element. */
const TYPES: Readonly<Record<string, StoredType>> = {
  f2: "F16",
  f4: "F32",
  f8: "F64",
  i1: "I8",
  u1: "U8",
  i2: "I16",
  u2: "U16",
  i4: "I32",
  u4: "U32",
  i8: "I64",
  u8: "U64",
  b1: "BOOL",
};

/** Bytes per character of NumPy's strings. */
const UNICODE_BYTES = 4;
const LAST_CODE_POINT = 0x10ffff;

/**
 * Parses the header at the start of `bytes`; null if the header continues beyond them. Throws an
 * Error that names the problem. Source: NumPy's `numpy.lib.format`, versions 1.0 to 3.0.
 */
export function parseNpyHeader(bytes: Uint8Array): NpyHeader | null {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fixed = MAGIC.length + 2;
  if (view.length < fixed + 4) return null;
  if (view.toString("latin1", 0, MAGIC.length) !== MAGIC) throw new Error("not an npy array");
  const version = view[MAGIC.length];
  if (version < 1 || version > 3) throw new Error(`npy version ${version} is unknown, expected 1 to 3`);
  const lengthBytes = version === 1 ? 2 : 4;
  const length = version === 1 ? view.readUInt16LE(fixed) : view.readUInt32LE(fixed);
  if (length > MAX_HEADER_BYTES) throw new Error(`npy header of ${length} bytes is too long`);
  const headerBytes = fixed + lengthBytes + length;
  if (view.length < headerBytes) return null;
  return { headerBytes, ...parseFields(view.toString("latin1", fixed + lengthBytes, headerBytes)) };
}

/** Parses the dictionary of the header: a Python literal of three keys. */
function parseFields(text: string): Omit<NpyHeader, "headerBytes"> {
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const dims = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (order === undefined || dims === undefined || (descr === undefined && !text.includes("'descr'")))
    throw new Error(`npy header cannot be read: ${text.trim().slice(0, 80)}`);
  const { type, unitBytes, units, bigEndian } = elementType(descr);
  const shape = dims
    .split(",")
    .filter((dim) => dim.trim() !== "")
    .map(Number);
  const dataBytes = sizeOf(shape) * unitBytes * units;
  if (!Number.isSafeInteger(dataBytes)) throw new Error(`shape (${dims}) is impossibly large`);
  return {
    type,
    unitBytes,
    bigEndian,
    columnMajor: order === "True" && shape.length > 1,
    shape,
    dataBytes,
  };
}

/** An element: one number, or a string of `units` characters. */
interface ElementType extends Pick<NpyHeader, "type" | "unitBytes" | "bigEndian"> {
  readonly units: number;
}

/** Parses a dtype such as `<f4`; undefined stands for a structured dtype, which is refused. */
function elementType(descr: string | undefined): ElementType {
  const [, order, code, letter, size] = /^([<>|=]?)(([a-zA-Z])(\d+))$/.exec(descr ?? "") ?? [];
  const bigEndian = order === ">";
  if (code in TYPES) return { type: TYPES[code], unitBytes: Number(size), units: 1, bigEndian };
  if (letter === "U") return { type: null, unitBytes: UNICODE_BYTES, units: Number(size), bigEndian };
  if (letter === "S") return { type: null, unitBytes: 1, units: Number(size), bigEndian };
  throw new Error(
    `expected a dtype of ${Object.keys(TYPES).join(", ")}, got ${descr === undefined ? "a structured one" : `'${descr}'`}`,
  );
}

/** Decodes a string scalar from its little-endian bytes. Drops the zeros that pad its end. */
export function npyText(bytes: Uint8Array, { unitBytes }: NpyHeader): string {
  if (unitBytes === 1) return Buffer.from(bytes).toString("utf8").replace(/\0+$/, "");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let at = 0; at < bytes.byteLength; at += UNICODE_BYTES) {
    const point = view.getUint32(at, true);
    text += point <= LAST_CODE_POINT ? String.fromCodePoint(point) : "\ufffd";
  }
  return text.replace(/\0+$/, "");
}

/** NumPy's type codes, by the type of a tensor. */
const WRITTEN: Readonly<Record<Tensor["dtype"], string>> = {
  float32: "<f4",
  float64: "<f8",
  int32: "<i4",
  uint32: "<u4",
  bool: "|b1",
};

/** Encodes a tensor as an npy file, version 1.0. */
export function encodeNpy({ dtype, shape, data }: Tensor): Buffer {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return encode(WRITTEN[dtype], shape, bytes);
}

/** Encodes a string scalar as an npy file. */
export function encodeNpyText(text: string): Buffer {
  const points = Array.from(text, (character) => character.codePointAt(0)!);
  const bytes = Buffer.alloc(points.length * UNICODE_BYTES);
  for (const [i, point] of points.entries()) bytes.writeUInt32LE(point, i * UNICODE_BYTES);
  return encode(`<U${points.length}`, [], bytes);
}

/** The header is padded so that elements start at a multiple of this many bytes. */
const ALIGNMENT = 64;

function encode(descr: string, shape: readonly number[], bytes: Buffer): Buffer {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const fields = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  const preamble = Buffer.from(`${MAGIC}\x01\x00\x00\x00`, "latin1");
  const padded = Math.ceil((preamble.length + fields.length + 1) / ALIGNMENT) * ALIGNMENT - preamble.length;
  preamble.writeUInt16LE(padded, preamble.length - 2);
  return Buffer.concat([preamble, Buffer.from(`${fields.padEnd(padded - 1)}\n`, "latin1"), bytes]);
}
