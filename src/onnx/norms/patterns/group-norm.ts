import type { GraphIndex } from "../../graph-index.js";
import type { OnnxNode } from "../../model.js";
import { affinePhaseAfter } from "./affine.js";
import type { NodePattern, PatternMatch } from "./pattern.js";

/**
 * Group normalization as PyTorch exports it before opset 21. InstanceNormalization standardizes
 * each group of channels as if it were one channel:
 *
 *     x [N, C, …] → Reshape [N, groups, −1] → InstanceNormalization (scale 1, bias 0)
 *                 → Reshape [N, C, …] → Mul γ → Add β
 */
export const groupNormByReshape: NodePattern = { startsAt: ["InstanceNormalization"], match };

function match(node: OnnxNode, index: GraphIndex): PatternMatch | null {
  const split = index.writer(node.inputs[0]);
  const join = index.onlyReader(node.outputs[0]);
  if (split?.op !== "Reshape" || join?.op !== "Reshape" || join.inputs[0] !== node.outputs[0]) return null;
  const scale = index.numbers(node.inputs[1]);
  const bias = index.numbers(node.inputs[2]);
  const target = index.numbers(split.inputs[1]);
  if (!scale?.every((v) => v === 1) || !bias?.every((v) => v === 0)) return null;
  if (target?.length !== 3 || target[1] !== scale.length) return null;

  const affine = affinePhaseAfter(join.outputs[0], index);
  return {
    ...affine,
    statistics: { over: "groups", groups: scale.length },
    epsilon: node.attributes.number("epsilon", 1e-5),
    deviation: null,
    input: split.inputs[0],
    nodes: [split, node, join, ...affine.nodes],
  };
}
