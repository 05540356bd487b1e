import type { Traced } from "../../engine/lang/index.js";
import * as lang from "../../engine/lang/index.js";
import { mapHost } from "../values/host.js";
import { isHost } from "../values/value.js";
import type { NodeContext, Op, OpTable } from "./context.js";

const { add, mul, div, greater, where } = lang;

/** An op of one floating-point tensor and scalar attributes. */
const activation =
  (f: (x: Traced, attribute: (name: string, otherwise: number) => number) => Traced): Op =>
  (node) =>
    f(node.tensor(0), (name, otherwise) => node.attributes.number(name, otherwise));

/** The part of x below 0. Its derivative at 0 is 1, as that of ELU and PReLU from below. */
const negativePart = (x: Traced): Traced => where(greater(x, 0), 0, x);

/** e^min(x, 0) − 1. For large x, e^x would overflow, and the gradient would be 0·∞ = NaN. */
const expm1Negative = (x: Traced): Traced => lang.expm1(negativePart(x));

/** x where x > 0, `otherwise` elsewhere. */
const positiveOr = (x: Traced, otherwise: Traced): Traced => where(greater(x, 0), x, otherwise);

const hardSigmoid = (x: Traced, alpha: number, beta: number): Traced => clip(add(mul(x, alpha), beta), 0, 1);

/**
 * x · min(max(x + 3, 0), 6) / 6. At −3 and 3 it has the derivative of the parabola between them, as
 * PyTorch's.
 */
function hardSwish(x: Traced): Traced {
  const between = mul(mul(x, add(x, 3)), 1 / 6);
  return where(greater(x, 3), x, where(lang.less(x, -3), 0, between));
}

/**
 * x clipped to [low, high]; `high` where the bounds cross. The derivative is 0 at the bounds, as in
 * PyTorch's hardtanh.
 */
function clip(x: Traced, low: number | Traced | null, high: number | Traced | null): Traced {
  let y = x;
  if (low !== null) y = where(greater(x, low), y, low);
  if (high !== null) y = where(lang.less(y, high), y, high);
  return y;
}

/** The bounds are attributes before opset 11 and inputs from opset 11 on. */
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

/** The slope broadcasts against x; PyTorch exports one slope per channel as [C, 1, 1]. */
const prelu: Op = (node) => {
  const [x, slope] = [node.tensor(0), node.tensor(1)];
  return positiveOr(x, mul(slope, negativePart(x)));
};

/** Gaussian error linear unit x·Φ(x), or its approximation by tanh (opset 20). */
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

/** Softmax or log-softmax `f` along the axis of the node. */
const softmaxLike =
  (f: (x: Traced, axis: number) => Traced): Op =>
  (node) =>
    alongSoftmaxAxis(node, node.tensor(0), f);

/**
 * Applies softmax or log-softmax `f` along the axis that `node` names. Before opset 13 the
 * elements of all axes from that axis on share one softmax.
 */
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
  HardSwish: activation(hardSwish),
  Mish: activation((x) => mul(x, lang.tanh(lang.softplus(x)))),
  Softplus: activation(lang.softplus),
  Softsign: activation((x) => div(x, add(lang.abs(x), 1))),
  Tanh: activation(lang.tanh),
  Erf: activation(lang.erf),
  Clip: clipOp,
  Softmax: softmaxLike(lang.softmax),
  LogSoftmax: softmaxLike(lang.logSoftmax),
};

/** The fused activations of ONNX Runtime's optimizer. */
export const microsoftActivationOps: OpTable = {
  Gelu: activation(geluErf),
  FastGelu: (node) => geluTanh(node.has(1) ? add(node.tensor(0), node.tensor(1)) : node.tensor(0)),
  QuickGelu: activation((x, a) => mul(x, lang.sigmoid(mul(x, a("alpha", 1.702))))),
};
