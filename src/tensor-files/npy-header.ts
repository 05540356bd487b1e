import { sizeOf, type Tensor } from "../base/tensor.js";
import type { StoredType } from "./element-types.js";

/** The preamble of an array in NumPy's npy format: what follows are its elements. */
export interface NpyHeader {
  /** null for strings. */
  readonly type: StoredType | null;
  /** Bytes per number, or per character of a string: the unit that byte order applies to. */
  readonly unitBytes: number;
  readonly bigEndian: boolean;
  readonly columnMajor: boolean;
  readonly shape: readonly number[];
  /** Bytes before the elements, and after. */
  readonly headerBytes: number;
  readonly dataBytes: number;
}

const MAGIC = "\x93NUMPY";

/** Longest preamble that is read: NumPy writes some 128 bytes, and refuses long ones itself. */
const MAX_HEADER_BYTES = 1 << 16;

/** Letters of NumPy's type codes and the stored types they stand for, by size. */
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
 * The preamble at the start of `bytes`; null if it goes on beyond them. Throws an Error that says what is
 * wrong. Source: NumPy's `numpy.lib.format`, versions 1.0 to 3.0.
 */
export function parseNpyHeader(bytes: Uint8Array): NpyHeader | null {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fixed = MAGIC.length + 2;
  if (view.length < fixed + 4) return null;
  if (view.toString("latin1", 0, MAGIC.length) !== MAGIC) throw new Error("not an npy array");
  const version = view[MAGIC.length];
  if (version < 1 || version > 3) throw new Error(`npy version ${version} is unknown`);
  const lengthBytes = version === 1 ? 2 : 4;
  const length = version === 1 ? view.readUInt16LE(fixed) : view.readUInt32LE(fixed);
  if (length > MAX_HEADER_BYTES) throw new Error(`npy header of ${length} bytes is too long`);
  const headerBytes = fixed + lengthBytes + length;
  if (view.length < headerBytes) return null;
  return { headerBytes, ...parseFields(view.toString("latin1", fixed + lengthBytes, headerBytes)) };
}

/** The dictionary of the preamble: a Python literal of three keys. */
function parseFields(text: string): Omit<NpyHeader, "headerBytes"> {
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text)?.[1];
  const dims = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(text)?.[1];
  if (order === undefined || dims === undefined || (descr === undefined && !text.includes("'descr'")))
    throw new Error(`npy header cannot be read: ${text.trim().slice(0, 80)}`);
  const { type, unitBytes, units } = elementType(descr);
  const shape = dims
    .split(",")
    .filter((dim) => dim.trim() !== "")
    .map(Number);
  const dataBytes = sizeOf(shape) * unitBytes * units;
  if (!Number.isSafeInteger(dataBytes)) throw new Error(`shape (${dims}) is impossibly large`);
  return {
    type,
    unitBytes,
    bigEndian: descr!.startsWith(">"),
    columnMajor: order === "True" && shape.length > 1,
    shape,
    dataBytes,
  };
}

/** What an element consists of: one number, or `units` characters. */
function elementType(descr: string | undefined): Pick<NpyHeader, "type" | "unitBytes"> & { units: number } {
  const [, code, letter, size] = /^[<>|=]?(([a-zA-Z])(\d+))$/.exec(descr ?? "") ?? [];
  if (code in TYPES) return { type: TYPES[code], unitBytes: Number(size), units: 1 };
  if (letter === "U") return { type: null, unitBytes: UNICODE_BYTES, units: Number(size) };
  if (letter === "S") return { type: null, unitBytes: 1, units: Number(size) };
  throw new Error(
    `expected a dtype of ${Object.keys(TYPES).join(", ")}, got ${descr === undefined ? "a structured one" : `'${descr}'`}`,
  );
}

/** The text of a string scalar, from its little-endian bytes; padded with zeros at its end. */
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

/** NumPy's type codes of the tensors we write. */
const WRITTEN: Readonly<Record<Tensor["dtype"], string>> = {
  float32: "<f4",
  float64: "<f8",
  int32: "<i4",
  uint32: "<u4",
  bool: "|b1",
};

/** A tensor as an npy file, version 1.0. */
export function encodeNpy({ dtype, shape, data }: Tensor): Buffer {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return encode(WRITTEN[dtype], shape, bytes);
}

/** A string scalar as an npy file. */
export function encodeNpyText(text: string): Buffer {
  const points = Array.from(text, (character) => character.codePointAt(0)!);
  const bytes = Buffer.alloc(points.length * UNICODE_BYTES);
  for (const [i, point] of points.entries()) bytes.writeUInt32LE(point, i * UNICODE_BYTES);
  return encode(`<U${points.length}`, [], bytes);
}

/** Elements start at a multiple of this many bytes. */
const ALIGNMENT = 64;

function encode(descr: string, shape: readonly number[], bytes: Buffer): Buffer {
  const dims = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const fields = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`;
  const preamble = Buffer.from(`${MAGIC}\x01\x00\x00\x00`, "latin1");
  const padded = Math.ceil((preamble.length + fields.length + 1) / ALIGNMENT) * ALIGNMENT - preamble.length;
  preamble.writeUInt16LE(padded, preamble.length - 2);
  return Buffer.concat([preamble, Buffer.from(`${fields.padEnd(padded - 1)}\n`, "latin1"), bytes]);
}
