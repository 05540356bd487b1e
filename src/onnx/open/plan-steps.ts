import { type GraphIndex, readsOf } from "../graph-index.js";
import type { OnnxModel, OnnxNode } from "../model.js";
import { type NormLayer, specOfNode } from "../norms/spec.js";
import { findLinearOp } from "./linear-op.js";
import type { LinearOpNodes } from "./linear-op-nodes.js";

/** One thing to evaluate: a node, or a whole normalization layer in place of its nodes. */
export type Step = { readonly kind: "node"; readonly node: OnnxNode } | LayerStep;

export interface LayerStep {
  readonly kind: "layer";
  readonly layer: NormLayer;
  /** The linear op that feeds the layer; null where another op does. */
  readonly linearOp: LinearOpNodes | null;
}

/**
 * The steps, in order, that compute the values `results` and all `layers`, even layers that the
 * results do not depend on. Other outputs and running statistics are left out, so an unsupported op
 * that nothing needs cannot fail.
 */
export function planSteps(
  index: GraphIndex,
  model: OnnxModel,
  { layers, results }: { readonly layers: readonly NormLayer[]; readonly results: readonly string[] },
): { steps: Step[]; reads: ReadonlySet<string> } {
  const layerAt = new Map(layers.map((layer) => [layer.output, layer]));
  const needed = new Set([...results, ...layerAt.keys()]);
  const steps: Step[] = [];
  for (const node of model.nodes.toReversed()) {
    const output = node.outputs.find((name) => needed.has(name));
    if (!output) continue;
    const layer = layerAt.get(output);
    if (layer) steps.push({ kind: "layer", layer, linearOp: findLinearOp(index, layer.input) });
    else steps.push({ kind: "node", node });
    for (const name of layer ? readsOfLayer(layer) : readsOfNode(node, model.opset)) needed.add(name);
  }
  return { steps: steps.reverse(), reads: needed };
}

const readsOfLayer = (layer: NormLayer): string[] => [
  layer.input,
  ...(layer.scale ? [layer.scale.value] : []),
  ...(layer.bias ? [layer.bias.value] : []),
  ...(layer.deviation ? [layer.deviation.factor, layer.deviation.mean] : []).flatMap(({ times, over }) => [
    ...times,
    ...over,
  ]),
  ...(layer.frozen ? [layer.frozen.mean, layer.frozen.variance] : []),
];

/** Normalizations use the statistics of the batch. Only frozen ones read the stored statistics. */
const readsOfNode = (node: OnnxNode, opset: number): string[] =>
  !node.frozen && specOfNode(node, opset) ? node.inputs.slice(0, 3).filter(Boolean) : readsOf(node);
