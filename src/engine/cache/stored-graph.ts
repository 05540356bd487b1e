import type { LoweredGraph } from "../lowering/lower.js";

/** The parts of a graph that are stored beside its ONNX file. Sources are not stored. */
interface Header extends Pick<LoweredGraph, "inputs" | "outputs" | "memory"> {
  readonly operators: readonly (readonly [string, number])[];
}

/**
 * A lowered graph as bytes:
 *
 *     length of the header (4 bytes, little-endian) | header (JSON) | ONNX file
 */
export function storeGraph({ bytes, inputs, outputs, memory, operators }: LoweredGraph): Uint8Array {
  const header: Header = { inputs, outputs, memory, operators: [...operators] };
  const json = new TextEncoder().encode(JSON.stringify(header));
  const stored = new Uint8Array(4 + json.length + bytes.length);
  new DataView(stored.buffer).setUint32(0, json.length, true);
  stored.set(json, 4);
  stored.set(bytes, 4 + json.length);
  return stored;
}

/** The graph that `storeGraph` stored, without its sources. */
export function restoreGraph(stored: Uint8Array): LoweredGraph {
  const length = new DataView(stored.buffer, stored.byteOffset).getUint32(0, true);
  const header: Header = JSON.parse(new TextDecoder().decode(stored.subarray(4, 4 + length)));
  return {
    ...header,
    bytes: stored.subarray(4 + length),
    operators: new Map(header.operators),
    sources: new Map(),
  };
}
