/**
 * Small faults in the engine, one at a time, that its tests must find (`npm run mutants`). `find` occurs once in the file; `tests`
 * are the files under test/engine that are asked first, and alone.
 */
export interface Mutant {
  readonly file: string;
  readonly title: string;
  readonly find: string;
  readonly replace: string;
  readonly tests: readonly string[];
}

type Change = readonly [title: string, find: string, replace: string];

const mutants = (file: string, tests: readonly string[], ...changes: readonly Change[]): Mutant[] =>
  changes.map(([title, find, replace]) => ({ file, title, find, replace, tests }));

const RULES = ["primitives", "random-programs"];
const CONVOLUTIONS = ["conv", "fast-conv", "depthwise", "constant-kernel"];
const PASSES = ["passes", "random-programs"];

export const MUTANTS: readonly Mutant[] = [
  ...mutants(
    "rules/movement.ts",
    RULES,
    ["transposes the other way", "[permute(x!, perm)]", "[permute(x!, perm.map((_, i) => perm.indexOf(i)))]"],
    [
      "pads the other end",
      "kept.map((axis) => width[axis]!),",
      "kept.map((axis): Pair => [width[axis]![1], width[axis]![0]]),",
    ],
    [
      "forgets an axis of a reversal",
      "const stored = axes.flatMap((axis) => x.axes[axis] ?? []);",
      "const stored = axes.slice(1).flatMap((axis) => x.axes[axis] ?? []);",
    ],
    ["splits at one element after another", "start += size;", "start += 1;"],
    [
      "joins along the logical axis",
      "ops.concat(g, stored, order.indexOf(axis))",
      "ops.concat(g, stored, axis)",
    ],
    [
      "cuts stored axes by logical ranges",
      "order.map((axis) => ranges[axis]!),",
      "order.map((_, i) => ranges[i]!),",
    ],
    ["pads no broadcast", "|| grows(axis)", ""],
  ),
  ...mutants(
    "rules/elementwise.ts",
    RULES,
    ["keeps the sign of a number", "g.scalar(-known, dtype)", "g.scalar(known, dtype)"],
    [
      "0 + y is 0",
      "if (a === 0) return [broadcast(y!, shape)];",
      "if (a === 0) return [broadcast(x!, shape)];",
    ],
    [
      "x + 0 is 0",
      "if (b === 0) return [broadcast(x!, shape)];",
      "if (b === 0) return [broadcast(y!, shape)];",
    ],
    [
      "1 · y is 1",
      "if (a === 1) return [broadcast(y!, shape)];",
      "if (a === 1) return [broadcast(x!, shape)];",
    ],
    [
      "x · −1 is x",
      "b === -1) return negate(g, [broadcast(x!, shape)], {}, outputs);",
      "b === -1) return [broadcast(x!, shape)];",
    ],
    ["adds numbers by multiplying", "g.scalar(round(a + b, dtype)", "g.scalar(round(a * b, dtype)"],
    ["the reciprocal of a number is the number", "round(1 / known, dtype)", "round(known, dtype)"],
    ["divides away from zero", "[negative, up!, down!]", "[negative, down!, up!]"],
    [
      "the remainder has the divisor's sign",
      "attributes: { fmod: 1 }",
      'attributes: { fmod: x!.value.dtype === "int32" ? 0 : 1 }',
    ],
    [
      "the smaller of x and 0 is a Relu",
      'if (op === "Max" && ops.isFloat(p.dtype))',
      "if (ops.isFloat(p.dtype))",
    ],
    [
      "largest and smallest truth values exchanged",
      'op === "Max" ? "Or" : "And", [p, q]',
      'op === "Max" ? "And" : "Or", [p, q]',
    ],
    ["shifts the other way", 'op === "shl" ? "LEFT" : "RIGHT"', 'op === "shl" ? "RIGHT" : "LEFT"'],
    ["≠ is =", 'return op === "not_equal" ? not(g, result) : result;', "return result;"],
    ["≤ is <", 'less_equal: "LessOrEqual"', 'less_equal: "Less"'],
    ["c ? 0 : 1 is c ? 1 : 0", "ops.cast(g, not(g, c), dtype)", "ops.cast(g, c, dtype)"],
    ["selects truth values by the same side", "[not(g, condition), y]", "[condition, y]"],
    ["¬c ? x : y is c ? x : y", "select(g, inverse.inputs[0]!, y, x)", "select(g, inverse.inputs[0]!, x, y)"],
    [
      "0 < x ? x : y is a Relu",
      'if (comparison?.op !== "Less" || g.scalarOf(y) !== 0) return false;',
      'if (comparison?.op !== "Less") return false;',
    ],
    [
      "k < x ? x : 0 is a Relu",
      "g.scalarOf(comparison.inputs[0]!) === 0 && comparison.inputs[1] === x",
      "comparison.inputs[1] === x",
    ],
  ),
  ...mutants(
    "rules/reduce.ts",
    [...RULES, "reduce", "pool"],
    ["a broadcast counts once", "n * x!.shape[a]! : n", "n : n"],
    ["a sum of equals is one of them", "g.scalar(count, x.dtype)", "g.scalar(1, x.dtype)"],
    ["powers grow by one", '"Mul", [square, square]', '"Mul", [square, x]'],
    ["any and all exchanged", '"ReduceMax" : "ReduceMin"', '"ReduceMin" : "ReduceMax"'],
    ["long sums in one run", "const RUN = 128;", "const RUN = 1 << 20;"],
    ["unsigned sums as they are", 'uint32: "int64"', 'uint32: "int32"'],
  ),
  ...mutants(
    "rules/dot.ts",
    RULES,
    ["a dot of broadcasts counts once", 'repeated(g, value, "Add", shape[k]!)', "value"],
    ["batched right operand transposed", "[...batch, k, ...n], [count", "[...batch, ...n, k], [count"],
    [
      "left operand never read transposed but taken so",
      "const transA = floating && m.length > 0 && x.axes[k] === 0;",
      "const transA = floating && m.length > 0;",
    ],
    ["right operand read transposed where it is not", "y.axes[k] !== 0;", "y.axes[k] === 0;"],
  ),
  ...mutants(
    "rules/gather.ts",
    RULES,
    ["kept axes before the indices only", "position < outDim ? position : position + rank", "position"],
    ["index axes one place later", "i < outDim ? i : i + indexRank", "i <= outDim ? i : i + indexRank"],
    ["repeated indices overwrite", 'op === "add" ? "add" : "none"', '"none"'],
  ),
  ...mutants(
    "rules/sort.ts",
    RULES,
    ["descending", "largest: 0", "largest: 1"],
    ["along the first axis", "axis: shape.length - 1", "axis: 0"],
  ),
  ...mutants(
    "rules/pool.ts",
    ["pool", "fast-conv", "passes"],
    [
      "windows before positions",
      "(axis < lead ? [axis] : [axis, axis + dims])",
      "(axis < lead ? [axis] : [axis + dims, axis])",
    ],
    ["tail in front", "[0, inShape[axis]! - extent(axis)]", "[inShape[axis]! - extent(axis), 0]"],
    ["a sum is an average times one side", "g.scalar(sizeOf(window), dtype)", "g.scalar(window[0]!, dtype)"],
    [
      "overlapping windows as if they tiled",
      "window.every((k, i) => k === strides[i])",
      "window.some((k, i) => k === strides[i])",
    ],
    ["the largest by averaging", '"MaxPool", windows', '"AveragePool", windows'],
    [
      "pools other axes than the window's",
      "axes.length !== dims || axes.some((axis) => axis < outer) ||",
      "",
    ],
    ["ignores how x is stored", "if (innermost < windows.x.shape.length - dims) return undefined;", ""],
  ),
  ...mutants(
    "rules/tables.ts",
    [...CONVOLUTIONS, "pool"],
    ["forgets the dilation", "p * stride + t * dilation - before", "p * stride + t - before"],
    ["forgets the stride", "p * stride + t * dilation - before", "p + t * dilation - before"],
    ["forgets the padding", "p * stride + t * dilation - before", "p * stride + t * dilation"],
    ["reads gaps", "at >= 0 && at % spread === 0 &&", "at >= 0 &&"],
    ["reads beyond the end", "&& at / spread < input", ""],
    [
      "tiles read beyond the end",
      "(index >= 0 && index < input ? index : ABSENT)",
      "(index >= 0 ? Math.min(index, input - 1) : ABSENT)",
    ],
    [
      "padding repeats the last element",
      "index === ABSENT ? zeroAt : index",
      "index === ABSENT ? zeroAt - 1 : index",
    ],
    [
      "forgets readers after the first",
      "transposed[row * inputs + input] = reader;",
      "transposed[input] = reader;",
    ],
  ),
  ...mutants(
    "rules/conv/convolution.ts",
    CONVOLUTIONS,
    [
      "taps and positions exchanged",
      "turned[p * taps + t] = indices[t * positions + p]!;",
      "turned[p * taps + t] = indices[p * taps + t]!;",
    ],
    ["a vmap axis of the kernel is batch", "roles.outputs.push(axis);", "roles.batch.push(axis);"],
    [
      "output channel where the operands have it",
      "[...roles.outputs.slice(0, -1), vmapDims + 1]",
      "[...roles.outputs.slice(0, -1), vmapDims]",
    ],
    [
      "a matrix is never transposed but said so",
      "transposed ? [columns, rows] : [rows, columns]",
      "[rows, columns]",
    ],
    ["crops nothing", "[Math.max(-before, 0), n - Math.max(-after, 0)]", "[0, n]"],
    ["reversed kernels taken as stored", "reversed: original !== undefined", "reversed: false"],
  ),
  ...mutants(
    "rules/conv/operators.ts",
    CONVOLUTIONS,
    ["Conv without dilation", "dilations: c.rhsDilation,\n    pads,", "dilations: c.strides,\n    pads,"],
    ["ConvTranspose of the kernel unreversed", "flipView(g, c.w, spatial)", "c.w"],
    ["ConvTranspose crops nothing", "Math.max(end, 0)", "Math.max(end - 1, 0)"],
    [
      "what ConvTranspose misses is added in front",
      "[Math.max(-ends[0]!, 0), Math.max(-ends[1]!, 0)]",
      "[Math.max(-ends[1]!, 0), Math.max(-ends[0]!, 0)]",
    ],
  ),
  ...mutants(
    "rules/conv/phases.ts",
    CONVOLUTIONS,
    ["reversed kernels by their stored taps", "(reversed ? table.taps - 1 - t : t)", "t"],
    ["negative remainders", "((i % spread) + spread) % spread", "i % spread"],
    ["phases in place of positions", "place[position] = i;", "place[i] = position;"],
    ["a phase without taps is one", "ops.filled(g, 0,", "ops.filled(g, 1,"],
  ),
  ...mutants(
    "rules/conv/rows.ts",
    CONVOLUTIONS,
    [
      "reversed kernels by their stored taps",
      "reversed ? tapsReversed(table) : table.indices",
      "table.indices",
    ],
    ["one sample's rows for all", "at < 0 ? at : at * n + sample", "at < 0 ? at : at * n"],
    [
      "gradient of few channels transposed",
      "return resultView(g, c, product, [out.outputs, out.batch, out.spatial]);",
      "return resultView(g, c, product, [out.batch, out.outputs, out.spatial]);",
    ],
    [
      "gradient of many channels transposed",
      "return resultView(g, c, product, [out.spatial, out.outputs, out.batch]);",
      "return resultView(g, c, product, [out.spatial, out.batch, out.outputs]);",
    ],
  ),
  ...mutants(
    "rules/conv/columns.ts",
    CONVOLUTIONS,
    [
      "taps outside channels",
      "[groups, outputs, [channel, ...spatial]]",
      "[groups, outputs, [...spatial, channel]]",
    ],
    [
      "channels outside taps",
      "packed(g, c.w, [groups, [...spatial, channel], outputs])",
      "packed(g, c.w, [groups, [channel, ...spatial], outputs])",
    ],
  ),
  ...mutants(
    "rules/conv/stationary.ts",
    CONVOLUTIONS,
    [
      "windows of a reversed kernel forwards",
      "if (reversed) for (let at",
      "if (false as boolean) for (let at",
    ],
    ["reversed taps as stored", "(reversed ? taps - 1 - tap : tap) * pixels", "tap * pixels"],
    ["gradient by the wrong channel", "at < 0 ? at : at * channels + k", "at < 0 ? at : at * channels"],
    [
      "gradient transposed",
      "return resultView(g, c, product, [out.outputs, out.batch, out.spatial]);",
      "return resultView(g, c, product, [out.batch, out.outputs, out.spatial]);",
    ],
  ),
  ...mutants(
    "rules/conv/winograd.ts",
    CONVOLUTIONS,
    ["a sign in Bᵀ", "[0, -1, 1, 0],", "[0, 1, 1, 0],"],
    ["a sign in G", "[0.5, -0.5, 0.5],", "[0.5, 0.5, 0.5],"],
    ["a sign in Aᵀ", "[0, 1, -1, -1],", "[0, 1, -1, 1],"],
    [
      "reversed kernels by their own transform",
      "(reversed ? [e!, b!, d!, a!]",
      "(reversed ? [a!, b!, d!, e!]",
    ],
    ["forgets the padding on the left", "before: left }", "before: 0 }"],
    [
      "the second pixel of a tile beside the first",
      "second: Math.floor(within / step)",
      "second: within % 2",
    ],
    ["the last row of bands cut off", "Math.min(run + step, extent)", "Math.min(run + step, extent - 1)"],
    [
      "tile positions backwards, transform forwards",
      "backwards ? bt.map((row) => row.toReversed()) : bt",
      "bt",
    ],
    [
      "gradients add up the first band only",
      'products.reduce((a, b) => ops.elementwise(g, "Add", [a, b]))',
      "products[0]!",
    ],
    [
      "a gradient's tiles repeat the edge",
      "{ input: extents[1], taps: 2,",
      "{ input: extents[1] + 1, taps: 2,",
    ],
  ),
  ...mutants(
    "rules/conv/depthwise.ts",
    ["depthwise"],
    [
      "forgets the dilation",
      "dilations: planar(c.rhsDilation, 1)",
      "dilations: planar(c.strides.map(() => 1), 1)",
    ],
    ["forgets the stride", "strides: planar(c.strides, 1)", "strides: planar(c.strides.map(() => 1), 1)"],
    [
      "sums samples of another layout",
      'ops.reduce(g, "ReduceSum", perChannel, [1])',
      'ops.reduce(g, "ReduceSum", ops.reshape(g, perChannel, [sizeOf(positions) * n, count, channels]), [2])',
    ],
    [
      "kernels repeated inside samples",
      "[sizeOf(taps), n, channels * count]",
      "[sizeOf(taps), channels * count, n]",
    ],
    ["gaps hold what is beside them", "spread: c.lhsDilation[i]!,", "spread: 1,"],
    ["lanes that fill no block", "lanesOf(c) % LARGEST_BLOCK === 0", "lanesOf(c) > 0"],
    ["several outputs as one", "size(c.w, outputs) === 1 &&", ""],
  ),
  ...mutants(
    "rules/conv/constant-kernel.ts",
    CONVOLUTIONS,
    [
      "channels that are broadcast count once",
      "g.scalar(x.shape[channel]!, dtypeOf(x) as DType)",
      "g.scalar(1, dtypeOf(x) as DType)",
    ],
    [
      "any kernel counts as constant",
      "w.axes.slice(vmapDims + 1).every((stored) => stored === null)",
      "w.axes.slice(vmapDims + 2).every((stored) => stored === null)",
    ],
  ),
  ...mutants(
    "passes/linear-forms.ts",
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
      "if (form.terms.length > 1 || form.offset !== undefined) this.materialize(form);\n    return form.terms[0]!;",
      "if (form.terms.length > 1) this.materialize(form);\n    return form.terms[0]!;",
    ],
    ["a coefficient's scale is lost", "return scale === 1 ? value :", "return scale !== 0 ? value :"],
  ),
  ...mutants(
    "passes/masks.ts",
    PASSES,
    ["logarithms count as finite", '["Log", "Reciprocal",', '["Reciprocal",'],
    ["reciprocals count as finite", '["Log", "Reciprocal",', '["Log",'],
    ["the other side of a mask", 'g.node("Not", [condition], mask)', "condition"],
    [
      "any comparison with a Relu's operand reads its result",
      "zero !== undefined && zeros.has(zero) ? relus.get(z!)",
      "zero !== undefined ? relus.get(z!)",
    ],
    ["every reciprocal counts ties", "countsTies(inputs[0]!, producers))", "true)"],
  ),
  ...mutants(
    "view.ts",
    [...RULES, "graph"],
    [
      "new axes at the end",
      "axes: [...range(added).map(() => null), ...view.axes]",
      "axes: [...view.axes, ...range(added).map(() => null)]",
    ],
    ["a reshape keeps axes that are not neighbours", "s !== null && s === stored[0]! + i", "s !== null"],
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
  ),
  ...mutants(
    "graph.ts",
    [...RULES, "graph"],
    ["nodes of other attributes are the same", "JSON.stringify(attributes)}", "0}"],
    ["constants of other shapes are the same", "{shape}]", "{dtype}]"],
  ),
  ...mutants(
    "ops.ts",
    [...RULES, "graph", "fast-conv"],
    ["an axis more is reduced", "axis - first.length", "axis"],
    [
      "slices with the stop of another axis",
      "axes.map((i) => ranges[i]![1])",
      "axes.map((i) => ranges[i]![0] + 1)",
    ],
    [
      "reversal of other axes undone",
      "producer.inputs[3] === g.int64(axes.toSorted((a, b) => a - b)) ? producer.inputs[0]! : undefined",
      "producer.inputs[0]",
    ],
    ["reverses up to the first element", "-x.shape[axis]! - 1", "-x.shape[axis]!"],
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
  ),
  ...mutants(
    "transpose.ts",
    [...RULES, "graph"],
    ["any later axis follows", "axis > last && between(shape, last, axis)", "axis > last"],
    [
      "one move is enough",
      "if (moved.join() === goal) return [...moves, move];",
      "if (moved.join() === goal || moves.length === 1) return [...moves, move];",
    ],
  ),
  ...mutants(
    "rules/special-functions.ts",
    ["float64", "primitives"],
    ["no cubic term in atan", "mul(delta, sub(1, div(mul(delta, delta), 3)))", "delta"],
  ),
];
