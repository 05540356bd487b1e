import { type AttributeValue, asFloat, type Elements, float, graph, ints, scalar } from "./build.js";

/**
 * A model of one node, to be compared with ONNX Runtime. Inputs of class `Data` are inputs of the
 * graph. All others are stored in the file, as axes, shapes and bounds must be.
 */
export interface OpCase {
  readonly op: string;
  readonly opset: number;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly inputs: readonly (Elements | Data | null)[];
  readonly outputs?: number;
  /** Number of further outputs that the node must name and that nothing reads. */
  readonly unused?: number;
  readonly outputType?: Elements["type"];
}

/** A tensor that is an input of the graph, not stored in the file. */
export class Data {
  constructor(readonly elements: Elements) {}
}

let seed = 1;
function uniform(): number {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
}

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);
const numbers = (shape: readonly number[], low: number, high: number) =>
  float(
    shape,
    Array.from({ length: size(shape) }, () => Math.fround(low + (high - low) * uniform())),
  );

/** Data between −2 and 2. */
const x = (...shape: number[]) => new Data(numbers(shape, -2, 2));
/** Positive data. */
const positive = (...shape: number[]) => new Data(numbers(shape, 0.2, 2));
/** A stored weight. */
const w = (...shape: number[]) => numbers(shape, -1, 1);
const data = (elements: Elements) => new Data(elements);
const int64 = (shape: readonly number[], values: readonly number[]): Elements => ({
  type: "int64",
  shape,
  data: values,
});
const bools = (...values: number[]): Elements => ({ type: "bool", shape: [values.length], data: values });
const doubles = (shape: readonly number[], values: readonly number[]): Elements => ({
  type: "double",
  shape,
  data: values,
});

const attributeSets = (sets: readonly NonNullable<OpCase["attributes"]>[]) => sets;

const cases: OpCase[] = [];
type Inputs = OpCase["inputs"];
function add(
  op: string,
  opset: number,
  inputs: Inputs,
  attributes?: OpCase["attributes"],
  rest: Partial<OpCase> = {},
): void {
  cases.push({ op, opset, inputs, attributes, ...rest });
}

// Linear ops
for (const attributes of attributeSets([
  {},
  { strides: [2, 1], pads: [1, 0, 2, 1] },
  { dilations: [2, 1], pads: [1, 1, 1, 1] },
  { auto_pad: "SAME_UPPER", strides: [2, 2] },
  { auto_pad: "SAME_LOWER", strides: [2, 3] },
  { auto_pad: "VALID" },
]))
  add("Conv", 11, [x(2, 3, 7, 6), w(4, 3, 3, 2), w(4)], attributes);
add("Conv", 11, [x(2, 4, 6, 6), w(6, 2, 3, 3)], { group: 2, pads: [1, 1, 1, 1] });
add("Conv", 11, [x(2, 4, 6, 6), w(4, 1, 3, 3), w(4)], { group: 4, strides: [2, 2] });
add("Conv", 11, [x(2, 3, 9), w(4, 3, 3)], { dilations: [3] });
add("Conv", 11, [x(1, 2, 4, 5, 4), w(3, 2, 2, 3, 2)], { pads: [0, 1, 0, 1, 1, 0] });
for (const attributes of attributeSets([
  {},
  { strides: [2, 2], pads: [1, 1, 1, 1] },
  { strides: [3, 2], output_padding: [2, 1] },
  { strides: [2, 2], output_shape: [10, 9] },
  { strides: [2, 2], output_shape: [8, 7] },
  { strides: [2, 2], output_shape: [8, 6], auto_pad: "SAME_UPPER" },
  { strides: [2, 2], output_shape: [8, 6], auto_pad: "SAME_LOWER" },
  { strides: [2, 2], auto_pad: "SAME_UPPER" },
  { strides: [2, 2], auto_pad: "SAME_LOWER" },
  { dilations: [2, 1] },
]))
  add("ConvTranspose", 11, [x(2, 3, 4, 4), w(3, 2, 3, 3), w(2)], attributes);
add("ConvTranspose", 11, [x(2, 4, 3, 3), w(4, 3, 2, 2)], { group: 2, strides: [2, 2] });
add("ConvTranspose", 11, [x(2, 3, 5), w(3, 2, 4)], { strides: [2], pads: [1, 1] });
add("Gemm", 11, [x(3, 4), w(4, 5), w(5)], { alpha: 0.5, beta: 2.5 });
add("Gemm", 13, [x(4, 3), w(5, 4)], { transA: 1, transB: 1 });
add("Gemm", 13, [x(3, 4), w(4, 5), w(3, 1)]);
for (const [a, b] of [
  [
    [3, 4],
    [4, 5],
  ],
  [
    [2, 3, 4],
    [4, 5],
  ],
  [
    [6, 5],
    [2, 5, 3],
  ],
  [
    [2, 1, 3, 4],
    [5, 4, 2],
  ],
  [[4], [4, 3]],
  [[3, 4], [4]],
  [
    [1, 3, 4],
    [2, 4, 2],
  ],
] as const)
  add("MatMul", 13, [x(...a), w(...b)]);
add("Einsum", 12, [x(2, 3, 4), w(4, 5)], { equation: "bij, jk -> bik" });
add("Einsum", 12, [x(2, 3, 4), x(2, 5, 4)], { equation: "bid,bjd->bij" });

// Elementwise
for (const op of ["Add", "Sub", "Mul", "Div"]) {
  add(op, 14, [x(2, 3, 4), positive(3, 1)]);
  add(op, 7, [positive(2, 3), w(1)]);
}
for (const op of ["Min", "Max", "Sum", "Mean"]) add(op, 13, [x(2, 3), x(3), x(2, 1)]);
for (const op of ["Neg", "Abs", "Sign", "Floor", "Ceil", "Exp", "Sin", "Cos", "Tan", "Atan", "Erf"])
  add(op, 13, [x(2, 5)]);
for (const op of ["Sqrt", "Log", "Reciprocal"]) add(op, 13, [positive(2, 5)]);
for (const op of ["Asin", "Acos"]) add(op, 7, [data(numbers([6], -0.9, 0.9))]);
add("Round", 11, [data(float([8], [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49, 3.51]))]);
for (const exponent of [2, 3, -1, 0.5, 0, 1.7, -2]) add("Pow", 13, [positive(2, 3), scalar(exponent)]);
for (const exponent of [2, 3]) add("Pow", 7, [x(2, 3), scalar(exponent)]);
add("Pow", 13, [positive(2, 3), positive(3)]);
add(
  "Mod",
  13,
  [data(int64([6], [-7, 7, -7, 7, 5, 6])), int64([6], [3, 3, -3, -3, 5, 4])],
  {},
  { outputType: "int64" },
);
add("Mod", 13, [x(6), positive(6)], { fmod: 1 });
for (const op of ["Equal", "Less", "Greater"])
  add(op, 13, [data(float([4], [1, 2, 3, 4])), float([4], [1, 3, 2, 4])], {}, { outputType: "bool" });
for (const op of ["LessOrEqual", "GreaterOrEqual"])
  add(op, 16, [data(float([4], [1, 2, 3, 4])), float([4], [1, 3, 2, 4])], {}, { outputType: "bool" });
for (const op of ["And", "Or", "Xor"])
  add(op, 7, [data(bools(0, 0, 1, 1)), bools(0, 1, 0, 1)], {}, { outputType: "bool" });
add("Not", 1, [data(bools(0, 1))], {}, { outputType: "bool" });
add("Where", 16, [data(bools(1, 0, 1)), x(2, 3), w(3)]);

// Activations
for (const op of ["Relu", "Sigmoid", "Tanh", "Softplus", "Softsign"]) add(op, 13, [x(3, 4)]);
add("LeakyRelu", 16, [x(3, 4)], { alpha: 0.2 });
add("LeakyRelu", 6, [x(3, 4)]);
add("ThresholdedRelu", 10, [x(3, 4)], { alpha: 0.7 });
add("PRelu", 9, [x(2, 3, 4), w(3, 1)]);
add("PRelu", 16, [x(2, 3), w(1)]);
add("Elu", 6, [x(3, 4)], { alpha: 0.7 });
add("Selu", 6, [x(3, 4)]);
add("Celu", 12, [x(3, 4)], { alpha: 0.6 });
add("HardSigmoid", 6, [data(numbers([20], -5, 5))], { alpha: 0.3, beta: 0.4 });
add("HardSwish", 14, [data(numbers([20], -5, 5))]);
add("Mish", 18, [x(3, 4)]);
add("Gelu", 20, [x(3, 4)]);
add("Gelu", 20, [x(3, 4)], { approximate: "tanh" });
add("Gelu", 17, [x(3, 4)], {}, { domain: "com.microsoft" });
add("FastGelu", 17, [x(3, 4), w(4)], {}, { domain: "com.microsoft" });
add("QuickGelu", 17, [x(3, 4)], { alpha: asFloat(1.5) }, { domain: "com.microsoft" });
add("Clip", 6, [x(3, 4)], { min: -0.5, max: 0.75 });
add("Clip", 11, [x(3, 4), scalar(-0.5), scalar(0.75)]);
add("Clip", 13, [x(3, 4), null, scalar(0.75)]);
add("Clip", 13, [x(3, 4), scalar(-0.25)]);
for (const op of ["Softmax", "LogSoftmax"]) {
  add(op, 11, [x(2, 3, 4)], { axis: 1 });
  add(op, 11, [x(2, 3, 4)]);
  add(op, 11, [x(2, 3, 4)], { axis: -1 });
  add(op, 13, [x(2, 3, 4)], { axis: 1 });
  add(op, 13, [x(2, 3, 4)]);
}

// Pooling
for (const attributes of attributeSets([
  { kernel_shape: [2, 2], strides: [2, 2] },
  { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
  { kernel_shape: [3, 2], strides: [2, 2], ceil_mode: 1 },
  { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1], ceil_mode: 1 },
  { kernel_shape: [2, 2], strides: [3, 3], ceil_mode: 1 },
  { kernel_shape: [3, 3], strides: [2, 2], auto_pad: "SAME_UPPER" },
  { kernel_shape: [2, 3], auto_pad: "SAME_LOWER" },
  { kernel_shape: [2, 3], auto_pad: "VALID" },
])) {
  add("MaxPool", 12, [x(2, 2, 7, 8)], attributes);
  add("AveragePool", 19, [x(2, 2, 7, 8)], attributes);
  add("AveragePool", 19, [x(2, 2, 7, 8)], { ...attributes, count_include_pad: 1 });
}
add("MaxPool", 8, [x(2, 2, 9)], { kernel_shape: [3], strides: [2] });
const dilated = { kernel_shape: [3, 2], dilations: [2, 3], pads: [1, 0, 2, 1], strides: [1, 2] };
for (const attributes of attributeSets([dilated, { ...dilated, ceil_mode: 1 }])) {
  add("MaxPool", 12, [x(2, 2, 7, 8)], attributes);
  add("AveragePool", 19, [x(2, 2, 7, 8)], attributes);
  add("AveragePool", 19, [x(2, 2, 7, 8)], { ...attributes, count_include_pad: 1 });
}
add("AveragePool", 7, [x(2, 2, 4, 5, 4)], { kernel_shape: [2, 3, 2], strides: [2, 1, 1] });
for (const op of ["GlobalAveragePool", "GlobalMaxPool"]) {
  add(op, 1, [x(2, 3, 4, 5)]);
  add(op, 1, [x(2, 3, 7)]);
}
add("GlobalLpPool", 2, [x(2, 3, 4, 5)], { p: 2 });
add("LRN", 13, [x(2, 5, 3, 3)], { size: 3, alpha: 0.3, beta: 0.6, bias: 1.5 });
add("LpNormalization", 1, [x(2, 5)], { axis: 1, p: 2 });
add("LpNormalization", 1, [x(2, 5)], { axis: 0, p: 1 });

// Normalization with the statistics of the batch
add(
  "BatchNormalization",
  15,
  [x(4, 3, 2, 2), w(3), w(3), w(3), float([3], [1, 2, 3])],
  {
    training_mode: 1,
    epsilon: 0.01,
  },
  { unused: 2 },
);
add("InstanceNormalization", 6, [x(2, 3, 4, 2), w(3), w(3)], { epsilon: 0.01 });
add("LayerNormalization", 17, [x(2, 3, 4), w(4), w(4)]);
add("LayerNormalization", 17, [x(2, 3, 4), w(3, 4)], { axis: 1 });
add("GroupNormalization", 18, [x(2, 6, 3), w(3), w(3)], { num_groups: 3 });
add("GroupNormalization", 21, [x(2, 6, 3, 2), w(6), w(6)], { num_groups: 2 });
add("RMSNormalization", 23, [x(2, 3, 4), w(4)], { epsilon: 0.01 });
add("SimplifiedLayerNormalization", 17, [x(2, 3, 4), w(4)], { epsilon: 0.01, axis: -1 });

// Movement
add("Reshape", 13, [x(2, 3, 4), ints(0, -1)]);
add("Reshape", 5, [x(2, 3, 4), ints(4, 6)]);
for (const axis of [0, 1, 2, -1, 3]) add("Flatten", 13, [x(2, 3, 4)], { axis });
add("Squeeze", 11, [x(1, 3, 1, 2)], { axes: [0, -2] });
add("Squeeze", 13, [x(1, 3, 1, 2), ints(2)]);
add("Squeeze", 13, [x(1, 3, 1, 2)]);
add("Unsqueeze", 11, [x(2, 3)], { axes: [0, 3] });
add("Unsqueeze", 13, [x(2, 3), ints(-1, 1)]);
add("Transpose", 13, [x(2, 3, 4)], { perm: [2, 0, 1] });
add("Transpose", 13, [x(2, 3, 4)]);
add("Concat", 13, [x(2, 3), w(2, 2), x(2, 1)], { axis: -1 });
add("Split", 11, [x(2, 6)], { axis: 1, split: [1, 2, 3] }, { outputs: 3 });
add("Split", 11, [x(6, 2)], {}, { outputs: 3 });
add("Split", 13, [x(2, 6), ints(4, 2)], { axis: -1 }, { outputs: 2 });
add("Split", 18, [x(2, 7)], { axis: 1, num_outputs: 3 }, { outputs: 3 });
add("Slice", 9, [x(4, 5)], { starts: [1, 0], ends: [3, -1] });
add("Slice", 9, [x(4, 5)], { axes: [1], starts: [-3], ends: [1000] });
for (const [starts, ends, axes, steps] of [
  [[1], [1000], [0], [2]],
  [[-1], [-1000], [1], [-1]],
  [[4], [0], [1], [-2]],
  [
    [0, 1],
    [4, 5],
    [1, 0],
    [3, 1],
  ],
  [[3], [1], [0], [1]],
] as const)
  add("Slice", 13, [x(4, 5), ints(...starts), ints(...ends), ints(...axes), ints(...steps)]);
add("Expand", 13, [x(3, 1), ints(2, 1, 4)]);
add("Tile", 13, [x(2, 3), ints(2, 3)]);
add("Gather", 13, [x(4, 3), int64([2, 2], [0, -1, 2, 1])]);
add("Gather", 13, [x(4, 3), scalar(1, "int64")], { axis: 1 });
add("Gather", 13, [w(4, 3), data(int64([3], [3, -4, 1]))]);
add("GatherElements", 13, [x(3, 3), data(int64([2, 3], [0, 1, 2, 2, -1, 0]))], { axis: 0 });
add("GatherElements", 13, [x(3, 3), int64([3, 1], [0, 1, 2])], { axis: 1 });
add("Trilu", 14, [x(2, 3, 4)]);
add("Trilu", 14, [x(3, 3), scalar(-1, "int64")], { upper: 0 });
add("CumSum", 14, [x(2, 4), scalar(1, "int64")]);
add("CumSum", 14, [x(2, 4), scalar(0, "int64")], { exclusive: 1, reverse: 1 });
for (const mode of ["DCR", "CRD"]) add("DepthToSpace", 13, [x(2, 8, 2, 3)], { blocksize: 2, mode });
add("SpaceToDepth", 13, [x(2, 2, 4, 6)], { blocksize: 2 });
add("Pad", 2, [x(2, 3)], { pads: [1, 0, 0, 2], value: 1.5 });
add("Pad", 13, [x(2, 3), ints(1, 0, 0, 2), scalar(0.5)]);
add("Pad", 13, [x(2, 4), ints(0, -1, 1, -1)]);
add("Pad", 13, [x(3, 4), ints(1, 2, 2, 1)], { mode: "reflect" });
add("Pad", 13, [x(3, 4), ints(1, 2, 2, 1)], { mode: "edge" });
add("Pad", 19, [x(3, 4), ints(1, 2, 2, 1)], { mode: "wrap" });
add("Pad", 18, [x(2, 3, 4), ints(1, 2), null, ints(-1)]);
add("Dropout", 13, [x(2, 3)]);
add("Identity", 13, [x(2, 3)]);
add("OneHot", 11, [data(int64([3], [0, 2, -1])), scalar(4, "int64"), float([2], [-1, 2])]);
add("OneHot", 11, [data(int64([2, 2], [0, 1, 2, 0])), scalar(3, "int64"), float([2], [0, 1])], { axis: 1 });

// Reductions
for (const [op, make] of [
  ["ReduceMean", x],
  ["ReduceMax", x],
  ["ReduceMin", x],
  ["ReduceProd", x],
  ["ReduceL1", x],
  ["ReduceL2", x],
  ["ReduceSumSquare", x],
  ["ReduceLogSumExp", x],
  ["ReduceLogSum", positive],
] as const) {
  add(op, 11, [make(2, 3, 4)], { axes: [0, -1] });
  add(op, 13, [make(2, 3, 4)], { keepdims: 0 });
  add(op, 18, [make(2, 3, 4), ints(1)], { keepdims: 0 });
}
add("ReduceSum", 11, [x(2, 3, 4)], { axes: [1] });
add("ReduceSum", 13, [x(2, 3, 4), ints(-1, 0)]);
add("ReduceSum", 13, [x(2, 3)], { noop_with_empty_axes: 1 });
for (const op of ["ArgMax", "ArgMin"]) {
  add(op, 13, [x(3, 4)], { axis: 1, keepdims: 0 }, { outputType: "int64" });
  add(
    op,
    13,
    [data(float([2, 3], [1, 3, 3, 2, 2, 1]))],
    { axis: -1, select_last_index: 1 },
    { outputType: "int64" },
  );
}

// Resizing
add("Upsample", 7, [x(1, 2, 2, 3)], { scales: asFloat([1, 1, 2, 3]) });
add("Upsample", 9, [x(1, 2, 2, 3), float([4], [1, 1, 2, 2])], { mode: "linear" });
add("Resize", 10, [x(1, 2, 4, 3), float([4], [1, 1, 1.5, 2])]);
add("Resize", 10, [x(1, 2, 5, 4), float([4], [1, 1, 0.6, 0.6])]);
add("Resize", 10, [x(1, 2, 7, 3), float([4], [1, 1, 0.3, 1.7])]);
add("Resize", 10, [x(1, 2, 4, 3), float([4], [1, 1, 0.5, 2])], { mode: "linear" });
for (const coordinate_transformation_mode of [
  "half_pixel",
  "pytorch_half_pixel",
  "align_corners",
  "asymmetric",
]) {
  for (const mode of ["linear", "cubic"])
    for (const to of [
      [7, 6],
      [2, 5],
      [1, 8],
    ])
      add("Resize", 13, [x(1, 2, 4, 3), null, null, ints(1, 2, ...to)], {
        mode,
        coordinate_transformation_mode,
      });
  for (const nearest_mode of ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"])
    add("Resize", 13, [x(1, 1, 4, 3), null, float([4], [1, 1, 1.75, 0.7])], {
      coordinate_transformation_mode,
      nearest_mode,
    });
}
add("Resize", 11, [x(1, 2, 4, 3), float([0], []), float([4], [1, 1, 2, 2])], { nearest_mode: "floor" });
add("Resize", 13, [x(1, 2, 4, 6), null, float([4], [1, 1, 0.6, 1.3])], { mode: "linear" });
add("Resize", 13, [x(1, 1, 5, 4), null, null, ints(1, 1, 7, 3)], {
  mode: "cubic",
  exclude_outside: 1,
  cubic_coeff_a: -0.5,
});
add("Resize", 18, [x(1, 2, 4, 3), null, null, ints(6, 5)], { mode: "linear", axes: [2, 3] });
add("Resize", 19, [x(1, 2, 4, 3), null, float([4], [1, 1, 1.3, 2.6])], {
  mode: "linear",
  coordinate_transformation_mode: "half_pixel_symmetric",
});
add("Resize", 13, [x(1, 2, 6), null, null, ints(1, 2, 9)], { mode: "linear" });

// Losses
const labels = int64([4], [0, 2, 1, 2]);
for (const reduction of ["mean", "sum", "none"])
  add("SoftmaxCrossEntropyLoss", 13, [x(4, 3), data(labels)], { reduction });
add("SoftmaxCrossEntropyLoss", 13, [x(2, 3, 2), data(int64([2, 2], [0, 2, 1, 2]))], { ignore_index: 2 });
add("NegativeLogLikelihoodLoss", 13, [x(4, 3), data(labels)], { ignore_index: 1 });

// Shape arithmetic: all inputs are known, so nothing is traced
add("Shape", 15, [x(2, 3, 4)], { start: 1 }, { outputType: "int64" });
add("Shape", 13, [x(2, 3, 4)], {}, { outputType: "int64" });
add("Size", 13, [x(2, 3, 4)], {}, { outputType: "int64" });
add("ConstantOfShape", 9, [ints(2, 3)], { value: float([1], [1.5]) });
add("ConstantOfShape", 9, [ints(2)]);
add("Range", 11, [scalar(1, "int64"), scalar(8, "int64"), scalar(3, "int64")], {}, { outputType: "int64" });
add("Range", 11, [scalar(2), scalar(-1), scalar(-0.7)]);
add("NonZero", 13, [float([2, 3], [0, 1, 2, 0, 3, 0])], {}, { outputType: "int64" });
for (const op of ["Add", "Sub", "Mul", "Div"])
  add(op, 14, [int64([2, 3], [7, -7, 5, 9, -4, 1]), ints(2, -3, 4)], {}, { outputType: "int64" });
add("Mod", 13, [ints(-7, 7, -7, 7, 6), ints(3, 3, -3, -3, 3)], {}, { outputType: "int64" });
add("Mod", 13, [ints(-7, 7, -7, 7), ints(3, 3, -3, -3)], { fmod: 1 }, { outputType: "int64" });
add("Cast", 13, [doubles([3], [1.7, -1.7, 0])], { to: 7 }, { outputType: "int64" });
add("Cast", 13, [ints(0, 3)], { to: 9 }, { outputType: "bool" });
add("Cast", 13, [x(3)], { to: 7 }, { outputType: "int64" });
add("Cast", 13, [data(ints(1, -2))], { to: 1 });
for (const op of ["Floor", "Ceil", "Round", "Sqrt", "Exp", "Abs", "Neg"])
  add(op, 13, [float([4], [0.5, 1.5, 2.2, 2.5])]);
for (const op of ["Min", "Max"]) add(op, 13, [ints(1, 5), ints(3), ints(4, 2)], {}, { outputType: "int64" });
add("Where", 16, [bools(1, 0), int64([2, 1], [1, 2]), ints(8, 9)], {}, { outputType: "int64" });
add("Equal", 13, [ints(1, 2, 3), ints(1, 0, 3)], {}, { outputType: "bool" });
add("Not", 1, [bools(1, 0)], {}, { outputType: "bool" });
add("Concat", 13, [int64([2, 1], [1, 2]), int64([2, 2], [3, 4, 5, 6])], { axis: 1 }, { outputType: "int64" });
add("Gather", 13, [int64([2, 3], [1, 2, 3, 4, 5, 6]), ints(-1, 0)], { axis: 1 }, { outputType: "int64" });
add("Gather", 13, [ints(7, 8, 9), scalar(-1, "int64")], {}, { outputType: "int64" });
add(
  "Slice",
  13,
  [int64([2, 3], [1, 2, 3, 4, 5, 6]), ints(-1), ints(-100), ints(1), ints(-1)],
  {},
  { outputType: "int64" },
);
add(
  "Slice",
  13,
  [ints(1, 2, 3, 4, 5), ints(1), ints(9223372036854775000), ints(0), ints(2)],
  {},
  { outputType: "int64" },
);
add("Transpose", 13, [int64([2, 3], [1, 2, 3, 4, 5, 6])], {}, { outputType: "int64" });
add("Reshape", 13, [ints(1, 2, 3, 4), ints(2, -1)], {}, { outputType: "int64" });
add("Expand", 13, [int64([2, 1], [1, 2]), ints(2, 3)], {}, { outputType: "int64" });
add("Tile", 13, [int64([1, 2], [1, 2]), ints(2, 2)], {}, { outputType: "int64" });
add("Split", 13, [ints(1, 2, 3), ints(1, 2)], {}, { outputs: 2, outputType: "int64" });
add("Unsqueeze", 13, [scalar(4, "int64"), ints(0)], {}, { outputType: "int64" });
add(
  "ReduceProd",
  13,
  [int64([2, 3], [1, 2, 3, 4, 5, 6])],
  { axes: [1], keepdims: 0 },
  { outputType: "int64" },
);
add("ReduceSum", 13, [ints(1, 2, 3)], { keepdims: 0 }, { outputType: "int64" });
add("ReduceMax", 13, [int64([2, 2], [4, 3, 1, 9])], { axes: [0] }, { outputType: "int64" });
add("Trilu", 14, [float([2, 2], [1, 2, 3, 4])], { upper: 0 });
for (const condition of [0, 1])
  add(
    "If",
    13,
    [{ type: "bool", shape: [], data: [condition] }],
    {
      then_branch: graph({
        nodes: [{ op: "Identity", inputs: ["one"], outputs: ["a"] }],
        initializers: { one: ints(1) },
        outputs: ["a"],
        outputType: "int64",
      }),
      else_branch: graph({
        nodes: [{ op: "Identity", inputs: ["two"], outputs: ["b"] }],
        initializers: { two: ints(2) },
        outputs: ["b"],
        outputType: "int64",
      }),
    },
    { outputType: "int64" },
  );

export const opCases: readonly OpCase[] = cases;
