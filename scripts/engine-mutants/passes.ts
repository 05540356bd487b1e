import { type Mutant, mutants } from "./mutant.js";

const PASSES = ["passes", "random-programs"];

export const passes: readonly Mutant[] = [
  ...mutants(
    "lowering/passes/linear-forms.ts",
    PASSES,
    [
      "a negation keeps the sign",
      'if (op === "Neg") return algebra.scaled(formOf(x), { scale: -1 });',
      'if (op === "Neg") return algebra.scaled(formOf(x), { scale: 1 });',
    ],
    ["a difference is a sum", 'op === "Add" ? formOf(y) :', 'op !== "Mul" ? formOf(y) :'],
    ["small minus full is full minus small", '|| op === "Sub") return undefined;', ") return undefined;"],
    [
      "offsets are not scaled",
      "offset: offset && this.valueOf(this.times(this.coefficient(offset), c), offset)",
      "offset",
    ],
    [
      "only the first offset stays",
      'offset === undefined ? k : ops.elementwise(this.g, "Add", [offset, k])',
      "offset === undefined ? k : offset",
    ],
    [
      "equal bases count once",
      "return { scale: a.scale + b.scale, value: a.value };",
      "return { scale: a.scale, value: a.value };",
    ],
    [
      "factors that vary along a sum leave it",
      "if (axes.some((axis) => padded[axis] !== 1)) return undefined;",
      "",
    ],
    [
      "an offset is dropped in a product",
      "if (form.terms.length > 1 || form.offset !== undefined) this.materialize(form);\n    return form.terms[0];",
      "if (form.terms.length > 1) this.materialize(form);\n    return form.terms[0];",
    ],
    ["a coefficient's scale is lost", "return scale === 1 ? value :", "return scale !== 0 ? value :"],
    [
      "of two scales one stays",
      "return { scale: a.scale * b.scale, value };",
      "return { scale: a.scale, value };",
    ],
    [
      "of two values one stays",
      'a.value && b.value ? ops.elementwise(this.g, "Mul", [a.value, b.value]) :',
      "a.value && b.value ? a.value :",
    ],
    [
      "the offset of the other is lost",
      "return b.offset === undefined ? joined : this.shifted(joined, b.offset);",
      "return joined;",
    ],
    [
      "what is negated is added",
      'ops.elementwise(this.g, "Sub", [total, term.base])',
      'ops.elementwise(this.g, "Add", [total, term.base])',
    ],
    [
      "factors are never pulled out of sums",
      'if (op === "ReduceSum") return algebra.summed',
      'if (op === "Nothing") return algebra.summed',
    ],
  ),
  ...mutants(
    "lowering/passes/masks.ts",
    PASSES,
    ["logarithms count as finite", '["Log", "Reciprocal",', '["Reciprocal",'],
    ["reciprocals count as finite", '["Log", "Reciprocal",', '["Log",'],
    ["the other side of a mask", 'g.node("Not", [condition], mask)', "condition"],
    [
      "any comparison with a Relu's operand reads its result",
      "zero !== undefined && zeros.has(zero) ? relus.get(z)",
      "zero !== undefined ? relus.get(z)",
    ],
    ["every reciprocal counts ties", "countsTies(inputs[0], producers))", "true)"],
    [
      "one zero makes a constant zero",
      "data.every((x) => Number(x) === 0)",
      "data.some((x) => Number(x) === 0)",
    ],
    [
      "every factor is the same for many elements",
      "sizeOf(input.shape) * 8 <= sizeOf",
      "sizeOf(input.shape) <= sizeOf",
    ],
    [
      "the mask of a Relu is kept beside its result",
      "positive === undefined ? of(mask) :",
      "positive !== null ? of(mask) :",
    ],
    [
      "comparisons with other elements count ties",
      "return a === b;",
      "return a !== undefined && b !== undefined;",
    ],
  ),
  ...mutants(
    "lowering/passes/dead-code.ts",
    ["graph", "primitives", "passes"],
    [
      "only nodes all of whose results are read live",
      "node.outputs.some((output) => live.has(output))",
      "node.outputs.every((output) => live.has(output))",
    ],
    ["every node lives", "if (!node.outputs.some((output) => live.has(output))) continue;", ""],
    ["every constant lives", "graph.constants.filter(({ value }) => live.has(value))", "graph.constants"],
  ),
  ...mutants(
    "lowering/passes/outputs.ts",
    ["primitives", "passes"],
    [
      "an output twice is the same one",
      "if (free.delete(value)) return value;",
      "if (free.has(value)) return value;",
    ],
    [
      "inputs are outputs",
      "new Set(graph.nodes.flatMap((node) => node.outputs))",
      "new Set([...graph.inputs, ...graph.nodes.flatMap((node) => node.outputs)])",
    ],
    [
      "constants are outputs",
      "new Set(graph.nodes.flatMap((node) => node.outputs))",
      "new Set([...graph.constants.map(({ value }) => value), ...graph.nodes.flatMap((node) => node.outputs)])",
    ],
  ),
  ...mutants(
    "lowering/passes/rewrite.ts",
    PASSES,
    ["attributes are lost", "outputs, { attributes, domain }", "outputs, { domain }"],
    ["domains are lost", "outputs, { attributes, domain }", "outputs, { attributes }"],
    ["every result is the first one", "results : results[i]", "results : results[0]"],
  ),
  ...mutants(
    "lowering/passes/index.ts",
    [...PASSES, "memory"],
    [
      "masks by the switch of linear forms",
      "on: ({ masks }) => masks",
      "on: ({ linearForms }) => linearForms",
    ],
    [
      "linear forms by the switch of masks",
      "on: ({ linearForms }) => linearForms",
      "on: ({ masks }) => masks",
    ],
    ["memory is never released", "on: ({ promptRelease }) => promptRelease", "on: () => false"],
  ),
  ...mutants(
    "lowering/passes/prompt-release.ts",
    ["memory", "passes"],
    ["small programs too", "const SMALL = 1 << 25;", "const SMALL = 0;"],
    [
      "tells how many axes there are",
      'node("Reshape", [shape, rest], copy)',
      'node("Identity", [shape], copy)',
    ],
    ["tells the length", "[shape, rest], copy", "[shape, minusOne.value], copy"],
    ["hides the values", "[node.inputs[0], hide(node.inputs[1])]", "[hide(node.inputs[0]), node.inputs[1]]"],
    ["hides a shape again and again", "hidden.set(shape, copy);", ""],
  ),
  ...mutants(
    "lowering/passes/row-sums.ts",
    ["passes", "random-programs"],
    ["sums over any axes", "axes.every((axis, i) => axis === i)", "axes.length > 0"],
    ["adds every row twice", ".fill(1);", ".fill(2);"],
    ["only the first of several axes", "x.shape.slice(0, axes.length)", "x.shape.slice(0, 1)"],
    ["whole numbers, too", "|| !ops.isFloat(x.dtype)", ""],
    ["never", 'node.op === "ReduceSum" ? leadingRows', 'node.op === "Sum" ? leadingRows'],
  ),
];
