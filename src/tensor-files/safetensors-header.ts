import { UserError } from "../base/errors.js";
import { showShape, sizeOf } from "../base/tensor.js";
import { DECODINGS, isStoredType, type StoredType } from "./element-types.js";

/** One tensor: its data are the bytes `begin` to `end` − 1 after the header. */
export interface HeaderEntry {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** The header of a safetensors file. */
export interface Header {
  /** Texts of `__metadata__`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Every tensor, in the order of the data. */
  readonly entries: readonly HeaderEntry[];
}

/**
 * Parses the JSON header of a safetensors file with `dataBytes` bytes of data. Throws a UserError
 * that begins with `path` if a tensor lies outside the data, has more or fewer bytes than its shape
 * and type need, or overlaps another. Source: github.com/huggingface/safetensors, "Format".
 */
export function parseHeader(path: string, text: string, dataBytes: number): Header {
  const json = parseObject(path, text);
  const metadata = new Map<string, string>();
  const entries: HeaderEntry[] = [];
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") readMetadata(path, value, metadata);
    else entries.push(readEntry(path, name, value, dataBytes));
  }
  entries.sort((a, b) => a.begin - b.begin || a.end - b.end);
  for (const [i, entry] of entries.entries()) {
    const before = entries[i - 1];
    if (before && entry.begin < before.end)
      throw new UserError(
        `${path}: ${entry.name}: its bytes ${entry.begin} to ${entry.end} overlap those of ${before.name}, ${before.begin} to ${before.end}`,
      );
  }
  return { metadata, entries };
}

function parseObject(path: string, text: string): object {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new UserError(
      `${path}: not a safetensors file: its header is not JSON (${(error as Error).message})`,
    );
  }
  if (!isObject(json))
    throw new UserError(`${path}: not a safetensors file: its header is not a JSON object`);
  const repeated = repeatedKey(text);
  if (repeated !== null)
    throw new UserError(`${path}: ${repeated}: occurs twice in the header; rename one of the two`);
  return json;
}

function readMetadata(path: string, value: unknown, metadata: Map<string, string>): void {
  if (!isObject(value)) throw new UserError(`${path}: __metadata__: expected an object of strings`);
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== "string") throw new UserError(`${path}: __metadata__: ${key}: expected a string`);
    metadata.set(key, text);
  }
}

function readEntry(path: string, name: string, value: unknown, dataBytes: number): HeaderEntry {
  const where = `${path}: ${name}`;
  if (!isObject(value)) throw new UserError(`${where}: expected dtype, shape and data_offsets`);
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  if (!isStoredType(dtype))
    throw new UserError(
      `${where}: expected dtype ${Object.keys(DECODINGS).join(", ")}, got ${JSON.stringify(dtype)}`,
    );
  if (!isSizes(shape))
    throw new UserError(`${where}: expected shape as a list of sizes, got ${JSON.stringify(shape)}`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[0] > offsets[1])
    throw new UserError(`${where}: expected data_offsets [begin, end], got ${JSON.stringify(offsets)}`);
  const [begin, end] = offsets;
  if (end > dataBytes)
    throw new UserError(
      `${where}: its bytes ${begin} to ${end} lie outside the ${dataBytes} bytes of data; the file is truncated or damaged`,
    );
  const needed = sizeOf(shape) * DECODINGS[dtype].bytes;
  if (needed !== end - begin)
    throw new UserError(
      `${where}: ${dtype} ${showShape(shape)} needs ${needed} bytes, data_offsets give ${end - begin}`,
    );
  return { name, type: dtype, shape, begin, end };
}

const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

/**
 * Finds a key that the outermost object of a valid JSON text holds twice; null if there is none.
 * JSON.parse keeps the last value and does not tell.
 */
function repeatedKey(text: string): string | null {
  const seen = new Set<string>();
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"\s*:?|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (depth === 1 && token.endsWith(":")) {
      const key: string = JSON.parse(token.slice(0, -1));
      if (seen.has(key)) return key;
      seen.add(key);
    }
  }
  return null;
}
