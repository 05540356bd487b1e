import { defaultDevice } from "@jax-js/jax";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { allocate, type DType, sizeOf, type Tensor } from "../../../src/base/tensor.js";
import { borrow } from "../../../src/engine/lang/borrow.js";
import { constant } from "../../../src/engine/lang/index.js";
import { decodeModel, findNorms, openModel } from "../../../src/onnx/index.js";
import type { Elements } from "./build.js";

/** One output of a model, as plain numbers. */
export interface Result {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** The outputs of a model in ONNX Runtime: the oracle of the importer. */
export async function oracle(
  bytes: Uint8Array,
  inputs: Readonly<Record<string, Elements>>,
): Promise<Result[]> {
  const session = await InferenceSession.create(bytes, {
    logSeverityLevel: 4,
    intraOpNumThreads: 1,
    graphOptimizationLevel: "disabled",
  });
  const feeds = Object.fromEntries(Object.entries(inputs).map(([name, e]) => [name, toOrt(e)]));
  const results = await session.run(feeds);
  await session.release();
  return session.outputNames.map((name) => {
    const { dims, data } = results[name];
    return { shape: dims, data: Array.from(data as ArrayLike<number | bigint>, Number) };
  });
}

function toOrt({ type, shape, data }: Elements): OrtTensor {
  switch (type) {
    case "int64":
      return new OrtTensor("int64", BigInt64Array.from(data, BigInt), shape);
    case "int32":
      return new OrtTensor("int32", Int32Array.from(data), shape);
    case "bool":
      return new OrtTensor("bool", Uint8Array.from(data), shape);
    case "double":
      return new OrtTensor("float64", Float64Array.from(data), shape);
    case "float":
      return new OrtTensor("float32", Float32Array.from(data), shape);
  }
}

// jax-js's wasm kernels compute exp, log and others in float32 even for float64. Its JavaScript
// kernels are exact.
defaultDevice("cpu");

const toTraced = ({ data, shape, dtype }: Tensor) => constant(data, shape, dtype);

/** The outputs of a model that the importer traces and jax-js's own kernels run. */
export function imported(
  bytes: Uint8Array,
  inputs: Readonly<Record<string, Elements>>,
  precision: "float32" | "float64" = "float32",
): Result[] {
  const model = decodeModel("test.onnx", bytes);
  const given = new Map(Object.entries(inputs).map(([name, e]) => [name, toTensor(e)]));
  return model.outputs.map(({ name: output }) => {
    const opened = openModel(model, findNorms(model), { inputs: given, precision, output });
    const feeds = opened.inputs.map(({ name, spec }) => convert(given.get(name)!, spec.dtype));
    const params = opened.params.map((p) => toTraced(p.load()));
    const named = new Map(feeds.map((feed, i) => [opened.inputs[i].name, toTraced(feed)]));
    const result = opened.forward(params, named).outputs.get(output)!;
    return { shape: [...result.shape], data: Array.from(borrow(result).dataSync() as ArrayLike<number>) };
  });
}

const dtypes: Readonly<Record<Elements["type"], DType>> = {
  float: "float32",
  double: "float64",
  int64: "int32",
  int32: "int32",
  bool: "bool",
};

/** The tensor that blindspot makes of elements: 64-bit integers become int32. */
export function toTensor({ type, shape, data }: Elements): Tensor {
  const storage = allocate(dtypes[type], sizeOf(shape));
  storage.set(data);
  return { dtype: dtypes[type], shape, data: storage };
}

function convert(tensor: Tensor, dtype: DType): Tensor {
  const data = allocate(dtype, tensor.data.length);
  data.set(tensor.data as ArrayLike<number>);
  return { ...tensor, dtype, data };
}

/**
 * The largest difference of two results, relative to the largest element of the first. Infinite if
 * the shapes differ.
 */
export function distance(expected: Result, got: Result): number {
  if (expected.shape.join() !== got.shape.join()) return Number.POSITIVE_INFINITY;
  const scale = Math.max(1e-3, ...expected.data.filter(Number.isFinite).map(Math.abs));
  return expected.data.reduce((worst, v, i) => {
    const same = Object.is(v, got.data[i]) || v === got.data[i];
    return same
      ? worst
      : Math.max(worst, Number.isNaN(got.data[i]) ? Infinity : Math.abs(v - got.data[i]) / scale);
  }, 0);
}
