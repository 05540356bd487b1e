import { GraphIndex } from "../graph-index.js";
import type { OnnxModel, OnnxNode } from "../model.js";
import { type NormKind, normKindEntries, normKinds, normOperatorOf, normOperators } from "./kinds.js";
import { layerName, uniqueNames } from "./naming.js";
import type { NodePattern } from "./patterns/pattern.js";
import { type NormLayer, specOfNode } from "./spec.js";
import type { AffineOperand } from "./statistics.js";

/**
 * Finds every normalization layer of a model: single nodes, and the groups of nodes that PyTorch
 * writes where the operator set has no operator for a kind.
 *
 * @param model - A decoded model.
 * @returns The layers in execution order, each with a unique name. Empty if there are none.
 * @example
 * ```ts
 * import { findNorms, readModel } from "blindspot/onnx";
 *
 * const model = await readModel("examples/glyphs.onnx");
 * console.log(findNorms(model).map(({ name, op }) => `${name}: ${op}`));
 * ```
 */
export function findNorms(model: OnnxModel): NormLayer[] {
  const index = new GraphIndex(model);
  return named(
    matchAll(model, index).filter(({ input }) => index.dependsOnData(input)),
    index,
  );
}

/**
 * Finds the normalizations of stored weights, such as weight standardization written as a batch
 * normalization. They do not depend on the batch, so they are no layers that could hide any of it.
 *
 * @param model - A decoded model.
 * @returns These normalizations in execution order, each with a unique name.
 */
export function findWeightNorms(model: OnnxModel): NormLayer[] {
  const index = new GraphIndex(model);
  return named(
    matchAll(model, index).filter(({ input }) => !index.dependsOnData(input)),
    index,
  );
}

function named(found: readonly NormMatch[], index: GraphIndex): NormLayer[] {
  const names = uniqueNames(found.map((match) => nameOf(match, index)));
  return found.map((match, i) => ({
    ...match,
    name: names[i],
    affine: { scale: isParameter(match.scale, index), bias: isParameter(match.bias, index) },
  }));
}

/** A layer before it has a unique name. */
type NormMatch = Omit<NormLayer, "name" | "affine">;

type Matcher = (node: OnnxNode, index: GraphIndex, opset: number) => NormMatch | null;

const isParameter = (operand: AffineOperand | null, index: GraphIndex): boolean =>
  operand !== null && index.initializer(operand.value)?.constant !== true;

/**
 * Matches node by node. A node belongs to one layer at most. Patterns around a normalization
 * operator come first, since that operator alone would match as another kind.
 */
function matchAll(model: OnnxModel, index: GraphIndex): NormMatch[] {
  const position = new Map(model.nodes.map((node, i) => [node, i]));
  const claimed = new Set<OnnxNode>();
  const found: NormMatch[] = [];
  for (const match of [matchPatterns(patternsAroundOperators), matchSingleNode, matchPatterns(otherPatterns)])
    for (const node of model.nodes) {
      const layer = claimed.has(node) ? null : match(node, index, model.opset);
      if (!layer || layer.nodes.some((n) => claimed.has(n))) continue;
      for (const n of layer.nodes) claimed.add(n);
      found.push(layer);
    }
  const end = ({ nodes }: NormMatch): number => position.get(nodes[nodes.length - 1]) ?? 0;
  return found.sort((a, b) => end(a) - end(b));
}

interface KindPattern {
  readonly kind: NormKind;
  readonly pattern: NodePattern;
}

const patterns: readonly KindPattern[] = normKindEntries.flatMap(([kind, entry]) =>
  entry.patterns.map((pattern) => ({ kind, pattern })),
);
const isAroundOperator = ({ pattern }: KindPattern): boolean =>
  pattern.startsAt.some((op) => normOperators.includes(op));
const patternsAroundOperators = patterns.filter(isAroundOperator);
const otherPatterns = patterns.filter((pattern) => !isAroundOperator(pattern));

const matchPatterns =
  (candidates: readonly KindPattern[]): Matcher =>
  (node, index, opset) => {
    // Attributes of binary ops then say where the operands align.
    if (opset < 7) return null;
    for (const { kind, pattern } of candidates) {
      const match = pattern.startsAt.includes(node.op) ? pattern.match(node, index) : null;
      if (!match) continue;
      const { operator, centred } = normKinds[kind];
      return { ...match, kind, centred, op: `${operator} (decomposed)`, mode: "training", frozen: null };
    }
    return null;
  };

const matchSingleNode: Matcher = (node, _index, opset) => {
  const spec = specOfNode(node, opset);
  if (!spec) return null;
  const running = normOperatorOf(node)?.operator.running;
  const training = !running || running.isTraining(node, opset);
  const mode = spec.frozen ? "frozen" : training ? "training" : "evaluation";
  return { ...spec, op: node.op, mode, nodes: [node] };
};

function nameOf(match: NormMatch, index: GraphIndex): string {
  const [first] = match.nodes;
  const node = match.nodes.find((n) => n.outputs[0] === match.output) ?? first;
  // A decomposed match has no running statistics, even one that contains a normalization operator.
  const running = match.nodes.length === 1 ? normOperatorOf(first)?.operator.running : null;
  const runningMean = running ? (first.inputs[running.meanInput] ?? null) : null;
  return layerName(index, { scale: match.scale?.value ?? null, runningMean, node });
}
