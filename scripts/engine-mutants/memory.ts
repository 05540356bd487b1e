import { type Mutant, mutants } from "./mutant.js";

export const memory: readonly Mutant[] = [
  ...mutants(
    "memory.ts",
    ["planned-memory"],
    [
      "a reshaped result takes memory",
      'if (op !== "Reshape") live += total(outputs);',
      "live += total(outputs);",
    ],
    [
      "outputs go with their last reader",
      "for (const output of outputs) lastReader.set(stored(output), nodes.length);",
      "",
    ],
    ["nothing is ever released", "if (!given.has(value)) live -= bytesOf(value);", ""],
    ["inputs are released", "if (!given.has(value)) live", "live"],
    ["what nobody reads stays", "if (!lastReader.has(stored(output))) live -= bytesOf(output);", ""],
  ),
  ...mutants(
    "memory/buffers.ts",
    ["buffers", "memory"],
    ["any buffer serves any shape", "? null : kinds.get(name)!", "? null : 0"],
    ["Relu makes memory of its own", 'new Set(["Relu"])', "new Set([])"],
    ["hidden shapes are known", "&& !opaque.has(node)", ""],
    [
      "shapes told by other nodes are known",
      "? this.given.has(inputs[1]!) && !opaque.has(node)",
      "? !opaque.has(node)",
    ],
    ["an axis of size 1 tells the result's", "n === shape[axis] && n > 1", "n === shape[axis]"],
    ["no operand alone tells the shape", "(BROADCASTING.has(op) && inputs.some", "(false && inputs.some"],
    [
      "a buffer is free while it is read",
      "if (buffer.reads > 0 || buffer.kind === null) return;",
      "if (buffer.kind === null) return;",
    ],
    [
      "results take over dead buffers",
      "} else if (kind !== null && !value.isResult) {",
      "} else if (kind !== null) {",
    ],
    [
      "results die with their last reader",
      "results.has(value) ? Number.POSITIVE_INFINITY :",
      "results.has(value) ? (reads.get(value) ?? 0) :",
    ],
    [
      "a buffer ends before its last step",
      "bytes[tenants.at(-1)!.to + 1]! -= size;",
      "bytes[tenants.at(-1)!.to]! -= size;",
    ],
    [
      "a buffer ends with its first tenant",
      "bytes[tenants.at(-1)!.to + 1]! -= size;",
      "bytes[tenants[0]!.to + 1]! -= size;",
    ],
  ),
  ...mutants(
    "memory/execution-order.ts",
    ["buffers", "memory"],
    ["operands in the order of the file", "sort((a, b) => a - b)", "sort((a, b) => b - a)"],
    [
      "the first of the outputs first",
      "nodes.flatMap((_, i) => (read.has(i) ? [] : [i]));",
      "nodes.flatMap((_, i) => (read.has(i) ? [] : [i])).reverse();",
    ],
    ["the file's order", "return order;", "return [...nodes];"],
  ),
];
