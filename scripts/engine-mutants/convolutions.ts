import { type Mutant, mutants } from "./mutant.js";

const CONVOLUTIONS = [
  "choose-lowering",
  "onnx-operators",
  "channels-last",
  "dilated-input",
  "few-outputs",
  "kernel-in-place",
  "winograd",
  "depthwise",
  "constant-kernel",
];

export const convolutions: readonly Mutant[] = [
  ...mutants(
    "lowering/rules/index-tables.ts",
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
      "indices[row * lists.length + column] = value;",
      "indices[column] = value;",
    ],
    [
      "zeros in front shift nothing",
      'zero === "before" ? [1, 0] : [0, x.shape[axis]]',
      'zero === "before" ? [0, 0] : [0, x.shape[axis]]',
    ],
    ["later axes outermost", "index = index * axes[d].input + at;", "index = index + at * axes[d].input;"],
  ),
  ...mutants(
    "lowering/rules/conv/convolution.ts",
    CONVOLUTIONS,
    [
      "taps and positions exchanged",
      "turned[p * taps + t] = indices[t * positions + p];",
      "turned[p * taps + t] = indices[p * taps + t];",
    ],
    ["a vmap axis of the kernel is batch", "roles.outputs.push(axis);", "roles.batch.push(axis);"],
    ["reversed kernels taken as stored", "reversed: original !== undefined", "reversed: false"],
    [
      "output channel where the operands have it",
      "[...roles.outputs.slice(0, -1), vmapDims + 1]",
      "[...roles.outputs.slice(0, -1), vmapDims]",
    ],
  ),
  ...mutants(
    "lowering/rules/conv/layout.ts",
    CONVOLUTIONS,
    [
      "a matrix is never transposed but said so",
      "transposed ? [columns, rows] : [rows, columns]",
      "[rows, columns]",
    ],
    ["crops nothing", "[Math.max(-before, 0), n - Math.max(-after, 0)]", "[0, n]"],
    [
      "operands in another order than their parts'",
      "materialize(g, view, parts.flat())",
      "materialize(g, view, parts.flat().reverse())",
    ],
  ),
  ...mutants("graph/view.ts", CONVOLUTIONS, [
    "any order is the stored one",
    "stored.every((at, i) => i === 0 || stored[i - 1] < at)",
    "stored.length > 0",
  ]),
  ...mutants(
    "lowering/rules/conv/onnx-operators.ts",
    CONVOLUTIONS,
    ["Conv without dilation", "dilations: c.rhsDilation,\n    pads,", "dilations: c.strides,\n    pads,"],
    ["ConvTranspose of the kernel unreversed", "flipView(g, c.w, spatial)", "c.w"],
    [
      "ConvTranspose crops nothing",
      "[Math.max(before, 0), Math.max(after, 0)]",
      "[Math.max(before - 1, 0), Math.max(after, 0)]",
    ],
    [
      "what ConvTranspose misses is added in front",
      "[Math.max(-before, 0), Math.max(-after, 0)]",
      "[Math.max(-after, 0), Math.max(-before, 0)]",
    ],
  ),
  ...mutants(
    "lowering/rules/conv/dilated-input.ts",
    CONVOLUTIONS,
    ["reversed kernels by their stored taps", "(reversed ? table.taps - 1 - t : t)", "t"],
    ["negative remainders", "((i % spread) + spread) % spread", "i % spread"],
    ["phases in place of positions", "place[position] = i;", "place[i] = position;"],
    ["a phase without taps is one", "ops.filled(g, 0,", "ops.filled(g, 1,"],
    ["forgets the stride", "remainder(p * stride - before) === phase", "remainder(p - before) === phase"],
    [
      "forgets the dilation of the kernel",
      "remainder(t * dilation + phase) === 0",
      "remainder(t + phase) === 0",
    ],
  ),
  ...mutants(
    "lowering/rules/conv/channels-last.ts",
    CONVOLUTIONS,
    [
      "reversed kernels by their stored taps",
      "reversed ? tapsReversed(table) : table.indices",
      "table.indices",
    ],
    ["one sample's rows for all", "at < 0 ? at : at * n + sample", "at < 0 ? at : at * n"],
    [
      "kernels of few channels are read the other way",
      "transA: true,\n      transB: weight.transposed,",
      "transA: true,\n      transB: !weight.transposed,",
    ],
  ),
  ...mutants(
    "lowering/rules/conv/weight-gradient.ts",
    CONVOLUTIONS,
    [
      "bands begin at the first pixel",
      "indices[position * pixels + from + (i % width)]",
      "indices[position * pixels + (i % width)]",
    ],
    ["bands of the other operand's columns", "transposed ? 1 : 0", "transposed ? 0 : 1"],
    ["only the first band", 'products.reduce((a, b) => ops.elementwise(g, "Add", [a, b]))', "products[0]!"],
    [
      "gradient of few channels transposed",
      "[shifted.result, out.spatial, fixed.result]",
      "[fixed.result, out.spatial, shifted.result]",
    ],
    [
      "gradient of many channels transposed",
      "[out.spatial, fixed.result, shifted.result]",
      "[out.spatial, shifted.result, fixed.result]",
    ],
    [
      "the one with fewer pixels is shifted",
      "const shiftsCotangent = imagePixels < taps;",
      "const shiftsCotangent = imagePixels > taps;",
    ],
    [
      "the cotangent is shifted to the positions, not the taps",
      "readers[p * pixels + pixel] = t;",
      "readers[p * pixels + pixel] = p;",
    ],
  ),
  ...mutants(
    "lowering/rules/conv/im2col.ts",
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
    [
      "groups within the batch",
      "[out.groups, out.batch, out.spatial, out.outputs]",
      "[out.batch, out.groups, out.spatial, out.outputs]",
    ],
  ),
  ...mutants(
    "lowering/rules/conv/kernel-in-place.ts",
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
    [
      "small kernels, too, stay in place",
      "if (rows * CHANNELS_PER_ROW > Math.max(channels, o)) return undefined;",
      "",
    ],
    [
      "no kernel stays in place",
      "if (taps === 1 || Math.min(channels, o) < SHORT_ROW) return undefined;",
      "if (taps >= 1) return undefined;",
    ],
    ["no gradient of a kernel stays in place", "? kernelGradient : undefined", "? undefined : undefined"],
  ),
  ...mutants(
    "lowering/rules/conv/winograd/transforms.ts",
    ["winograd", "choose-lowering"],
    ["a sign in Bᵀ", "[0, -1, 1, 0],", "[0, 1, 1, 0],"],
    ["a sign in G", "[0.5, -0.5, 0.5],", "[0.5, 0.5, 0.5],"],
    ["a sign in Aᵀ", "[0, 1, -1, -1],", "[0, 1, -1, 1],"],
    ["reversed kernels by their own transform", "=> [e, b, d, a]", "=> [a, b, d, e]"],
  ),
  ...mutants(
    "lowering/rules/conv/winograd/tiles.ts",
    ["winograd", "choose-lowering"],
    ["forgets the padding on the left", "before: left }", "before: 0 }"],
    [
      "the second pixel of a tile beside the first",
      "second: Math.floor(within / step)",
      "second: within % 2",
    ],
    ["the last row of bands cut off", "Math.min(run + step, extent)", "Math.min(run + step, extent - 1)"],
    ["all output channels read the first", "plane * sizeOf(extents) + index", "index"],
    [
      "a gradient's tiles repeat the edge",
      "{ input: extents[1], taps: 2,",
      "{ input: extents[1] + 1, taps: 2,",
    ],
  ),
  ...mutants(
    "lowering/rules/conv/winograd/winograd.ts",
    ["winograd", "choose-lowering"],
    [
      "tile positions backwards, transform forwards",
      "bt.map((row) => row.toReversed())",
      "bt.map((row) => [...row])",
    ],
    [
      "gradients add up the first band only",
      'products.reduce((a, b) => ops.elementwise(g, "Add", [a, b]))',
      "products[0]!",
    ],
    ["many output channels are taken as few", "transA: !byOutput", "transA: false"],
    [
      "few output channels are taken as many",
      "const byOutput = o <= FEW_OUTPUTS",
      "const byOutput = o > FEW_OUTPUTS",
    ],
  ),
  ...mutants(
    "lowering/rules/conv/depthwise.ts",
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
    ["gaps hold what is beside them", "spread: c.lhsDilation[i],", "spread: 1,"],
    ["lanes that fill no block", "lanesOf(c) % LARGEST_BLOCK === 0", "lanesOf(c) > 0"],
    ["several outputs as one", "size(c.w, outputs) === 1 &&", ""],
  ),
  ...mutants(
    "lowering/rules/conv/constant-kernel.ts",
    CONVOLUTIONS,
    [
      "channels that are broadcast count once",
      "g.scalar(x.shape[channel], dtypeOf(x) as DType)",
      "g.scalar(1, dtypeOf(x) as DType)",
    ],
    [
      "any kernel counts as constant",
      "w.axes.slice(vmapDims + 1).every((stored) => stored === null)",
      "w.axes.slice(vmapDims + 2).every((stored) => stored === null)",
    ],
    ["a kernel of twos", "w: splat(g.scalar(1, dtypeOf(w)", "w: splat(g.scalar(2, dtypeOf(w)"],
    [
      "the factor is put back as it is added",
      'ops.elementwise(g, "Mul", [r, k])',
      'ops.elementwise(g, "Add", [r, k])',
    ],
  ),
  ...mutants(
    "lowering/rules/conv/choose-lowering.ts",
    CONVOLUTIONS,
    [
      "Winograd by the switch of the other pass",
      "isBackward ? optimizations.winogradGradients : optimizations.winograd",
      "isBackward ? optimizations.winograd : optimizations.winogradGradients",
    ],
    [
      "gaps between pixels are multiplied",
      "return hasDilatedInput(c) && c.x",
      "return !hasDilatedInput(c) && c.x",
    ],
    [
      "ONNX's Conv of an image with gaps",
      "c.lhsDilation.every((d) => d === 1)",
      "c.lhsDilation.some((d) => d === 1)",
    ],
    ["ONNX's Conv in float64", 'dtypeOf(c.x) !== "float32" || rank === 0', "rank === 0"],
    [
      "ConvTranspose where it cannot",
      "return fitsConvTranspose(c) ? onnxConvTranspose : columnsByTap;",
      "return onnxConvTranspose;",
    ],
    [
      "gradients of kernels by ONNX's Conv",
      "optimizations.columns && hasMoreTapsThanPositions(c)",
      "optimizations.columns && !hasMoreTapsThanPositions(c)",
    ],
  ),
  ...mutants(
    "lowering/rules/conv/few-outputs.ts",
    ["few-outputs", "choose-lowering"],
    ["reversed kernels by their stored taps", "reversed ? taps - 1 - tap : tap", "tap"],
    [
      "outputs outside taps",
      "((reversed ? taps - 1 - tap : tap) * o + output)",
      "(output * taps + (reversed ? taps - 1 - tap : tap))",
    ],
    [
      "where fewer taps meet the first one fills up",
      "if (at === ABSENT) return ABSENT;",
      "if (at === ABSENT) return 0;",
    ],
    [
      "positions before outputs",
      "[out.outputs, out.spatial, out.batch]",
      "[out.spatial, out.outputs, out.batch]",
    ],
    ["gradients of kernels as well", "!isWeightGradient(c) &&", ""],
    ["never", "size(c.w, c.roles.outputs) < SHORT_ROW", "size(c.w, c.roles.outputs) < 0"],
  ),
];
