import { UserError } from "../../base/errors.js";
import { showShape, sizeOf } from "../../base/tensor.js";
import type { Dataset } from "../../datasets/index.js";
import { evaluateShapes, type Traced } from "../../engine/lang/index.js";
import { type Classifier, classifier, classifierNames, classifiers, type NormName } from "../../nn/index.js";
import { flatten, globalAveragePool, linear, relu } from "../../nn/layers.js";
import { chain, type Network, type NormCall, Registry } from "../../nn/network.js";
import { normLayer } from "../../nn/norm-layer.js";

/** A classifier to be judged by its features and by what enters its last norm. */
export interface Judged {
  readonly whole: Classifier;
  /** What enters the norm that comes last in a pass, averaged over positions. */
  readonly below: Pick<Network, "parameters" | "buffers" | "evaluate">;
  /** The name of that norm. */
  readonly lastNorm: string;
}

export const networkNames = ["mlp", ...classifierNames] as const;
export type NetworkName = (typeof networkNames)[number];

/** The shape that networks of convolutions are made for. */
const IMAGE = [3, 32, 32];

/** The network of that name for the images of a data set. `hidden` is for the MLP. */
export function judged(
  name: NetworkName,
  { shape, classes }: Pick<Dataset, "shape" | "classes">,
  { norm, hidden }: { readonly norm: NormName; readonly hidden: readonly [number, number] },
): Judged {
  if (name !== "mlp" && shape.join() !== IMAGE.join())
    throw new UserError(
      `network ${name}: expected images ${showShape(IMAGE)}, got ${showShape(shape)}; choose dataset=cifar10`,
    );
  const whole =
    name === "mlp"
      ? normedOnce(sizeOf(shape), hidden, classes.length, norm)
      : classifiers[name]({ norm, classes: classes.length });
  return { whole, ...belowLastNorm(whole, shape) };
}

/** Two hidden layers with ReLU, `norm` after the second, then the linear head, whose inputs are the features. */
function normedOnce(
  inputs: number,
  [first, second]: readonly [number, number],
  classes: number,
  norm: NormName,
): Classifier {
  const registry = new Registry();
  const body = chain(
    flatten,
    linear(registry, "fc1", { inputs, outputs: first }),
    relu,
    linear(registry, "fc2", { inputs: first, outputs: second }),
    normLayer(norm)(registry, "norm", [second]),
    relu,
  );
  return classifier(registry, { body, head: linear(registry, "head", { inputs: second, outputs: classes }) });
}

function belowLastNorm(whole: Classifier, shape: readonly number[]): Omit<Judged, "whole"> {
  const { parameters, buffers } = whole;
  let lastNorm = "";
  const evaluate: Network["evaluate"] = (parameters, buffers, x) => {
    let entering = x;
    const replaceNorm = (call: NormCall) => {
      lastNorm = call.name;
      entering = call.x;
      return null;
    };
    whole.replaceNorms({ mode: "evaluation", parameters, buffers, x, replaceNorm });
    return entering.ndim > 2 ? averaged(entering) : entering;
  };
  const specs = [...parameters, ...buffers, { shape: [2, ...shape] }];
  evaluateShapes(
    (...args) => [
      evaluate(args.slice(0, parameters.length), args.slice(parameters.length, -1), args.at(-1)!),
    ],
    specs.map((spec) => ({ shape: spec.shape, dtype: "float32" })),
  );
  return { below: { parameters, buffers, evaluate }, lastNorm };
}

const averaged = (x: Traced): Traced =>
  globalAveragePool({ training: false, parameters: [], buffers: [], nextBuffers: [] }, x);
