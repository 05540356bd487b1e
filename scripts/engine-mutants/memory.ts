import { type Mutant, mutants } from "./mutant.js";

export const memory: readonly Mutant[] = [
  ...mutants(
    "memory/plan.ts",
    ["planned-memory"],
    [
      "a reshaped result takes memory",
      "if (!isAlias(node)) live += total(outputs);",
      "live += total(outputs);",
    ],
    [
      "outputs go with their last reader",
      "for (const output of outputs) lastReader.set(stored(output), nodes.length);",
      "",
    ],
    ["nothing is ever released", "if (!given.has(value)) live -= bytesOf(value);", ""],
    ["inputs are released", "if (!given.has(value)) live", "live"],
    ["what nobody reads stays", "if (!lastReader.has(stored(output))) live -= bytesOf(output);", ";"],
  ),
  ...mutants(
    "memory/execution-order.ts",
    ["memory"],
    ["operands in the order of the file", "sort((a, b) => a - b)", "sort((a, b) => b - a)"],
    [
      "the first of the outputs first",
      "nodes.flatMap((_, i) => (read.has(i) ? [] : [i]));",
      "nodes.flatMap((_, i) => (read.has(i) ? [] : [i])).reverse();",
    ],
    ["the file's order", "return order;", "return [...nodes];"],
  ),
];
