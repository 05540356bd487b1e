import { type Mutant, mutants } from "./mutant.js";

const RULES = ["primitives", "random-programs"];

export const graph: readonly Mutant[] = [
  ...mutants(
    "graph/view.ts",
    [...RULES, "graph"],
    [
      "new axes at the end",
      "axes: [...range(added).map(() => null), ...view.axes]",
      "axes: [...view.axes, ...range(added).map(() => null)]",
    ],
    ["a reshape keeps axes that are not neighbours", "s !== null && s === stored[0] + i", "s !== null"],
    [
      "axes of the order instead of the storage",
      "axes: perm.map((i) => view.axes[i]!),",
      "axes: perm.map((_, i) => view.axes[i]!),",
    ],
    [
      "materializes in storage order",
      "own.map((axis) => view.axes[axis]!),\n  );",
      "own.map((_, i) => i),\n  );",
    ],
    ["axes of size 1 are stored", "if (size !== 1) axes[axis] = stored++;", "axes[axis] = stored++;"],
    [
      "the smallest operand tells the layout",
      "sizeOf(b.value.shape) > sizeOf(a.value.shape) ? b : a));\n  const live",
      "sizeOf(b.value.shape) < sizeOf(a.value.shape) ? b : a));\n  const live",
    ],
  ),
  ...mutants(
    "graph/graph.ts",
    [...RULES, "graph"],
    ["nodes of other attributes are the same", "JSON.stringify(attributes)}", "0}"],
    ["constants of other shapes are the same", "{shape}]", "{dtype}]"],
  ),
  ...mutants(
    "graph/ops.ts",
    ["dot", ...RULES, "graph", "channels-last", "winograd", "choose-lowering"],
    ["an axis more is reduced", "axis - first.length", "axis"],
    [
      "slices with the stop of another axis",
      "axes.map((i) => ranges[i][1])",
      "axes.map((i) => ranges[i][0] + 1)",
    ],
    [
      "reversal of other axes undone",
      "producer.inputs[3] === g.int64(axes.toSorted((a, b) => a - b)) ? producer.inputs[0] : undefined",
      "producer.inputs[0]",
    ],
    ["reverses up to the first element", "-x.shape[axis] - 1", "-x.shape[axis]"],
    [
      "pads after before",
      "[...widths.map(([before]) => before), ...widths.map(([, after]) => after)]",
      "[...widths.map(([, after]) => after), ...widths.map(([before]) => before)]",
    ],
    [
      "any list of the right length takes everything",
      "indices.every((index, i) => index === i)",
      "indices.length > 0",
    ],
    ["transposes read as they are", "turn ? transpose(g, x, [0, 2, 1]) : x", "x"],
    [
      "a chain of Reshapes stays one",
      'if (producer?.op === "Reshape") return reshape(g, producer.inputs[0], shape);',
      "",
    ],
    ["three runs of axes at a time", "runs > 2 || (runs === 2 && !surround)", "runs > 9"],
    ["products of the first operand's stack", "Math.max(a.shape[0], b.shape[0])", "a.shape[0]"],
  ),
  ...mutants(
    "graph/plan-transpose.ts",
    [...RULES, "graph"],
    ["any later axis follows", "axis > last && between(shape, last, axis)", "axis > last"],
    [
      "one move is enough",
      "if (moved.join() === goal) return [...moves, move];",
      "if (moved.join() === goal || moves.length === 1) return [...moves, move];",
    ],
  ),
  ...mutants(
    "lowering/apply-rules.ts",
    ["primitives"],
    ["outputs as they are stored", "materialize(g, read(atom))", "read(atom).value"],
    [
      "every constant is the first",
      "g.constant(tensor.dtype, tensor.shape, tensor.data)",
      "g.constant(tensor.dtype, tensor.shape, program.constants[0]!.tensor.data)",
    ],
  ),
  ...mutants(
    "tracing/translate.ts",
    ["primitives", "float64"],
    [
      "numbers keep what float32 left of them",
      "widened ? exactFloat64(atom.value) : Number(atom.value)",
      "Number(atom.value)",
    ],
    [
      "untyped numbers are always float32",
      '? "float64" : "float32";\n    const inputs',
      '? "float32" : "float32";\n    const inputs',
    ],
    [
      "the narrower type wins",
      "PROMOTION.indexOf(a) > PROMOTION.indexOf(b) ? a : b",
      "PROMOTION.indexOf(a) < PROMOTION.indexOf(b) ? a : b",
    ],
    ["one cast for all types", "let cast = known.get(dtype);", "let cast = [...known.values()][0];"],
  ),
  ...mutants(
    "tracing/literals.ts",
    ["float64"],
    ["no negative irrationals", "...IRRATIONALS.map((c) => -c),", ""],
    ["decimals of three digits", "[1, 2, 3, 4].map", "[1, 2, 3].map"],
    ["decimals of five digits", "...[5, 6].map", "...[5].map"],
    ["any reciprocal", "Math.abs(n) <= 1 << 20", "Math.abs(n) > 0"],
    ["no binary fractions", "Math.log2(Math.abs(x))))) ? x", "Math.log2(Math.abs(x))))) ? Number.NaN"],
    [
      "the nearest of any digits",
      "candidates.find((candidate) => Math.fround(candidate) === rounded)",
      "candidates.find((candidate) => Math.abs(candidate - rounded) < 1e-6)",
    ],
  ),
  ...mutants(
    "loop.ts",
    ["loop"],
    ["the state stands still", "[this.current, this.spare] = [this.spare, this.current];", ""],
    [
      "starts from the given tensors themselves",
      "this.current = state.map(copyOf);",
      "this.current = [...state];",
    ],
    ["gives the state, too", "results.slice(this.current.length)", "results"],
    ["takes back other shapes", "next?.dtype !== dtype ||", "next?.dtype !== dtype &&"],
    [
      "writes no state of its own",
      "[...this.current, ...inputs], this.spare)",
      "[...this.current, ...inputs])",
    ],
  ),
];
