import { UserError } from "../../base/errors.js";
import { showShape, sizeOf } from "../../base/tensor.js";
import type { Dataset } from "../../datasets/index.js";
import { evaluateShapes, type Traced } from "../../engine/lang/index.js";
import { type Classifier, classifier, classifierNames, classifiers, type NormName } from "../../nn/index.js";
import { flatten, globalAveragePool, linear, relu } from "../../nn/layers.js";
import { chain, type Network, type NormCall, Registry } from "../../nn/network.js";
import { normLayer } from "../../nn/norm-layer.js";

/** A classifier that is judged by its features and by the inputs of its last norm. */
export interface Judged {
  readonly whole: Classifier;
  /** The inputs of the norm that a pass computes last, averaged over positions. */
  readonly below: Pick<Network, "parameters" | "buffers" | "evaluate">;
  /** The name of that norm. */
  readonly lastNorm: string;
}

export const networkNames = ["mlp", ...classifierNames] as const;
export type NetworkName = (typeof networkNames)[number];

/** The shape of images that the convolutional networks take. */
const IMAGE = [3, 32, 32];

/**
 * Makes a network for the images of a data set.
 *
 * @param name the network.
 * @param dataset gives the shape of the images and the classes.
 * @param options the norm, and the widths of the hidden layers of the MLP.
 * @throws UserError where the network cannot take images of that shape.
 */
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

/** Two hidden layers with ReLU and a linear head. `norm` comes before the second ReLU. */
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

/** Finds the last norm by evaluating shapes, and makes the network that ends at its input. */
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

/** The mean over positions. */
const averaged = (x: Traced): Traced =>
  globalAveragePool({ training: false, parameters: [], buffers: [], nextBuffers: [] }, x);
