import { GraphIndex } from "../graph-index.js";
import type { OnnxModel, OnnxNode } from "../model.js";
import { matchGroupNorm, matchStandardization } from "./decomposed.js";
import { layerName, uniqueNames } from "./naming.js";
import { type AffineOperand, type NormLayer, type NormMatch, specOfNode } from "./spec.js";

/**
 * Every normalization layer of a model in execution order: nodes of their own, and the forms PyTorch writes
 * where the operator set has no node (layer, group and RMS normalization).
 */
export function findNorms(model: OnnxModel): NormLayer[] {
  const index = new GraphIndex(model);
  const found = claimNodes(model, index);
  const names = uniqueNames(found.map((layer) => nameOf(layer, index)));
  return found.map((layer, i) => ({
    ...layer,
    name: names[i],
    affine: { scale: isParameter(layer.scale, index), bias: isParameter(layer.bias, index) },
  }));
}

const isParameter = (operand: AffineOperand | null, index: GraphIndex): boolean =>
  operand !== null && index.initializer(operand.value)?.constant !== true;

/** Matches patterns node by node; a node belongs to one layer at most, larger patterns first. */
function claimNodes(model: OnnxModel, index: GraphIndex): NormMatch[] {
  const order = new Map(model.nodes.map((node, i) => [node, i]));
  const claimed = new Set<OnnxNode>();
  const found: NormMatch[] = [];
  for (const match of [matchGroupNorm, matchSingleNode, matchStandardization])
    for (const node of model.nodes) {
      const layer = claimed.has(node) ? null : match(node, index, model.opset);
      if (!layer || layer.nodes.some((n) => claimed.has(n))) continue;
      for (const n of layer.nodes) claimed.add(n);
      found.push(layer);
    }
  const position = ({ nodes }: NormMatch) => order.get(nodes.at(-1)!)!;
  return found.sort((a, b) => position(a) - position(b));
}

function matchSingleNode(node: OnnxNode, _index: GraphIndex, opset: number): NormMatch | null {
  const spec = specOfNode(node, opset);
  if (!spec) return null;
  const evaluation = node.op === "BatchNormalization" && !isTraining(node, opset);
  return { ...spec, op: node.op, mode: evaluation ? "evaluation" : "training", nodes: [node] };
}

/** Before opset 14 a batch normalization that also yields the statistics of the batch is in training mode. */
const isTraining = (node: OnnxNode, opset: number): boolean =>
  opset < 14 ? node.outputs.filter(Boolean).length === 5 : node.attributes.number("training_mode", 0) === 1;

function nameOf(layer: NormMatch, index: GraphIndex): string {
  const [first] = layer.nodes;
  const node = layer.nodes.find((n) => n.outputs[0] === layer.output) ?? first;
  const runningMean = layer.op === "BatchNormalization" ? (first.inputs[3] ?? null) : null;
  return layerName(index, { scale: layer.scale?.value ?? null, runningMean, node });
}
