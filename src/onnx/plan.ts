import { readsOf } from "./graph-index.js";
import type { OnnxModel, OnnxNode } from "./model.js";
import { type NormLayer, specOfNode } from "./norms/spec.js";

/** One thing to evaluate: a node, or a whole normalization layer in place of its nodes. */
export type Step =
  | { readonly kind: "node"; readonly node: OnnxNode }
  | { readonly kind: "layer"; readonly layer: NormLayer };

/**
 * What must be evaluated to know `results` and to measure `layers` (those that the results do not depend on
 * included), in order. Other outputs and running statistics drop out, so that an op nobody needs cannot fail.
 */
export function planSteps(
  model: OnnxModel,
  layers: readonly NormLayer[],
  results: readonly string[],
): { steps: Step[]; reads: ReadonlySet<string> } {
  const layerAt = new Map(layers.map((layer) => [layer.output, layer]));
  const needed = new Set([...results, ...layerAt.keys()]);
  const steps: Step[] = [];
  for (const node of model.nodes.toReversed()) {
    const output = node.outputs.find((name) => needed.has(name));
    if (!output) continue;
    const layer = layerAt.get(output);
    steps.push(layer ? { kind: "layer", layer } : { kind: "node", node });
    for (const name of layer ? readsOfLayer(layer) : readsOfStep(node, model.opset)) needed.add(name);
  }
  return { steps: steps.reverse(), reads: needed };
}

const readsOfLayer = (layer: NormLayer): string[] => [
  layer.input,
  ...(layer.scale ? [layer.scale.value] : []),
  ...(layer.bias ? [layer.bias.value] : []),
];

/** Normalizations run with the statistics of the batch and do not read the stored ones. */
const readsOfStep = (node: OnnxNode, opset: number): string[] =>
  specOfNode(node, opset) ? node.inputs.slice(0, 3).filter(Boolean) : readsOf(node);
