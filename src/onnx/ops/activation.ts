import type { Traced } from "../../engine/lang/index.js";
import * as lang from "../../engine/lang/index.js";
import { mapHost } from "../values/host.js";
import { isHost } from "../values/value.js";
import type { NodeContext, Op, OpTable } from "./context.js";

const { add, sub, mul, div, exp, greater, where } = lang;

/** An op of one floating tensor and scalar attributes. */
const activation =
  (f: (x: Traced, attribute: (name: string, otherwise: number) => number) => Traced): Op =>
  (node) =>
    f(node.tensor(0), (name, otherwise) => node.attributes.number(name, otherwise));

/** e^x − 1 on the negative side only: the positive side would overflow, and 0·∞ spoils the gradient. */
const expm1Negative = (x: Traced): Traced => sub(exp(lang.min(x, 0)), 1);

const positiveOr = (x: Traced, otherwise: Traced): Traced => where(greater(x, 0), x, otherwise);

const hardSigmoid = (x: Traced, alpha: number, beta: number): Traced => clip(add(mul(x, alpha), beta), 0, 1);

/** x held to [low, high]; derivative 0 at and beyond the bounds, as PyTorch's hardtanh. */
function clip(x: Traced, low: number | Traced | null, high: number | Traced | null): Traced {
  let y = x;
  if (low !== null) y = where(greater(x, low), y, low);
  if (high !== null) y = where(lang.less(x, high), y, high);
  return y;
}

const clipOp: Op = (node) => {
  const bound = (name: string, input: number): number | Traced | null => {
    if (node.opset < 11) return node.attributes.get("number", name) ?? null;
    if (!node.has(input)) return null;
    const value = node.value(input);
    return isHost(value) ? value.data[0] : value;
  };
  const [low, high] = [bound("min", 1), bound("max", 2)];
  const x = node.value(0);
  if (isHost(x) && !isTraced(low) && !isTraced(high))
    return mapHost(x, (v) => Math.min(Math.max(v, low ?? -Infinity), high ?? Infinity));
  return clip(node.traced(0), low, high);
};

const isTraced = (bound: number | Traced | null): bound is Traced =>
  typeof bound === "object" && bound !== null;

/** Slopes broadcast from the left of the channel axis where PyTorch gives one per channel: [C, 1, 1]. */
const prelu: Op = (node) => {
  const [x, slope] = [node.tensor(0), node.tensor(1)];
  return positiveOr(x, mul(slope, lang.min(x, 0)));
};

/** Gaussian error linear unit x·Φ(x), or its tanh approximation (opset 20). */
function gelu(node: NodeContext): Traced {
  const x = node.tensor(0);
  if (node.attributes.string("approximate", "none") === "tanh") return geluTanh(x);
  return geluErf(x);
}

const geluErf = (x: Traced): Traced => mul(mul(x, 0.5), add(lang.erf(mul(x, Math.SQRT1_2)), 1));

const geluTanh = (x: Traced): Traced => {
  const inner = mul(add(x, mul(lang.pow(x, 3), 0.044715)), Math.sqrt(2 / Math.PI));
  return mul(mul(x, 0.5), add(lang.tanh(inner), 1));
};

/**
 * Softmax along one axis; before opset 13 along all axes from `axis` on, flattened together.
 * `f` is softmax or log-softmax over the last axis of a matrix or over a given axis.
 */
const softmaxLike =
  (f: (x: Traced, axis: number) => Traced): Op =>
  (node) =>
    alongSoftmaxAxis(node, node.tensor(0), f);

export function alongSoftmaxAxis(
  node: NodeContext,
  x: Traced,
  f: (x: Traced, axis: number) => Traced,
): Traced {
  const axis = node.axis(node.attributes.number("axis", node.opset < 13 ? 1 : -1), x.ndim);
  if (node.opset >= 13 || axis === x.ndim - 1) return f(x, axis);
  const rows = x.shape.slice(0, axis).reduce((a, b) => a * b, 1);
  const columns = x.shape.slice(axis).reduce((a, b) => a * b, 1);
  return lang.reshape(f(lang.reshape(x, [rows, columns]), 1), x.shape);
}

export const activationOps: OpTable = {
  Relu: activation(lang.relu),
  LeakyRelu: activation((x, a) => positiveOr(x, mul(x, a("alpha", 0.01)))),
  ThresholdedRelu: activation((x, a) => where(greater(x, a("alpha", 1)), x, 0)),
  PRelu: prelu,
  Elu: activation((x, a) => positiveOr(x, mul(expm1Negative(x), a("alpha", 1)))),
  Selu: activation((x, a) =>
    mul(positiveOr(x, mul(expm1Negative(x), a("alpha", 1.6732631921768188))), a("gamma", 1.0507010221481323)),
  ),
  Celu: activation((x, a) => {
    const alpha = a("alpha", 1);
    return positiveOr(x, mul(expm1Negative(div(x, alpha)), alpha));
  }),
  Gelu: gelu,
  Sigmoid: activation(lang.sigmoid),
  HardSigmoid: activation((x, a) => hardSigmoid(x, a("alpha", 0.2), a("beta", 0.5))),
  HardSwish: activation((x) => mul(x, hardSigmoid(x, 1 / 6, 0.5))),
  Mish: activation((x) => mul(x, lang.tanh(lang.softplus(x)))),
  Softplus: activation(lang.softplus),
  Softsign: activation((x) => div(x, add(lang.abs(x), 1))),
  Tanh: activation(lang.tanh),
  Erf: activation(lang.erf),
  Clip: clipOp,
  Softmax: softmaxLike(lang.softmax),
  LogSoftmax: softmaxLike(lang.logSoftmax),
};

/** Fused activations that ONNX Runtime's optimizer writes. */
export const microsoftActivationOps: OpTable = {
  Gelu: activation(geluErf),
  FastGelu: (node) => geluTanh(node.has(1) ? add(node.tensor(0), node.tensor(1)) : node.tensor(0)),
  QuickGelu: activation((x, a) => mul(x, lang.sigmoid(mul(x, a("alpha", 1.702))))),
};
