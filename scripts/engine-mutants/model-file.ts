import { type Mutant, mutants } from "./mutant.js";

export const modelFile: readonly Mutant[] = [
  ...mutants(
    "export/splice.ts",
    ["splice"],
    [
      "stored tensors stay inputs",
      "[...splices.map(({ result }) => result), ...stored.map(({ value }) => value)]",
      "splices.map(({ result }) => result)",
    ],
    ["operands before the argument", "inputs: [argument, ...operands]", "inputs: [...operands, argument]"],
    ["stored tensors that nobody reads", "...stored.filter(({ value }) => read.has(value))", "...stored"],
    ["the file's order, writers last", "nodes: inOrder(nodes)", "nodes"],
    ["unread results are one value", "id: id++, dtype, shape", "id, dtype, shape"],
    ["what is read last comes first", "missing.reverse()", "missing"],
  ),
  ...mutants(
    "export/any-batch.ts",
    ["any-batch"],
    ["sizes of other axes may differ", "if (differing.some((axis) => axis > 0)) return null;", ""],
    [
      "constants of one length are the same",
      "a.length === b.length && a.every((value, i) => Object.is(value, b[i]))",
      "a.length === b.length",
    ],
    ["several sizes are left open", "return differing.length === 1 ?", "return differing.length > 0 ?"],
    ["any list of numbers is a shape", 'node.op === "Reshape" && k === 1 ?', "k > 0 ?"],
    [
      "other operands are the same",
      "if (a || b || twin.get(input) !== match.inputs[k]) return null;",
      "if (a || b) return null;",
    ],
    [
      "other attributes are the same",
      "JSON.stringify(a.attributes) === JSON.stringify(b.attributes)",
      "a.attributes !== undefined",
    ],
    ["constants that nobody reads stay", ".filter(({ value }) => read.has(value))", ""],
    ["more nodes than the other has", "graph.nodes.length !== other.nodes.length ||", ""],
  ),
  ...mutants(
    "export/fuse-biases.ts",
    ["fuse-biases"],
    ["a sum that others read, too", "|| reads.get(sum) !== 1", ""],
    ["a sum that is an output, too", "graph.outputs.forEach(read);", ""],
    ["vectors along any axis", "(shape === along ||", "(shape.length > 0 ||"],
    ["a second bias", "|| writer.inputs.length !== 2", ""],
    ["no vector on the left", "      [b, a],\n", ""],
    [
      "what is computed is a constant",
      "fits && constants.has(source) ? source : null",
      "fits ? source : null",
    ],
    ["any operator takes a bias", "!linear.has(writer.op) ||", ""],
  ),
];
