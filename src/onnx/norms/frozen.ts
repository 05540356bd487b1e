import { UserError } from "../../base/errors.js";
import { globMatcher } from "../../base/glob.js";
import { GraphIndex } from "../graph-index.js";
import type { OnnxModel, OnnxNode } from "../model.js";
import { findNorms } from "./find.js";
import { normOperatorOf, type RunningStatistics } from "./kinds.js";

/**
 * Marks the normalizations that a training file holds at their stored statistics. In a file where
 * some layers run in training mode, those in evaluation mode are frozen: that is how they run in
 * training. Where no layer runs in training mode, the whole file was exported for evaluation and
 * tells nothing about training.
 *
 * @param model - A decoded model.
 * @returns The model with its frozen nodes marked; `model` itself if none is.
 */
export function markFrozen(model: OnnxModel): OnnxModel {
  const index = new GraphIndex(model);
  const modes = new Map<OnnxNode, boolean>();
  for (const node of model.nodes) {
    const running = normOperatorOf(node)?.operator.running;
    if (running && keepsStatistics(node, running, index))
      modes.set(node, running.isTraining(node, model.opset));
  }
  const isMixed = [...modes.values()].some((training) => training);
  return isMixed ? freezeNodes(model, (node) => modes.get(node) === false) : model;
}

/**
 * Whether a node is a layer of the batch with statistics that training keeps. Layers without any,
 * and other normalizations written as [1, rows, …], run in training mode in every file.
 */
function keepsStatistics(node: OnnxNode, { meanInput }: RunningStatistics, index: GraphIndex): boolean {
  const [input] = node.inputs;
  if (!index.dependsOnData(input) || !index.initializer(node.inputs[meanInput] ?? "")) return false;
  const reshape = index.writer(input);
  if (reshape?.op !== "Reshape") return true;
  const target = index.writer(reshape.inputs[1] ?? "");
  const first = target?.op === "Concat" ? target.inputs[0] : reshape.inputs[1];
  return index.numbers(index.source(first ?? ""))?.[0] !== 1;
}

/**
 * Freezes the layers whose name matches a glob: they run with their stored statistics.
 *
 * @param model - A decoded model.
 * @param globs - Globs over layer names, as for `--layers`.
 * @returns The model with these layers frozen.
 * @throws UserError where a glob matches no layer, or one without stored statistics.
 * @example
 * ```ts
 * import { findNorms, freeze, readModel } from "blindspot/onnx";
 *
 * const model = freeze(await readModel("examples/glyphs.onnx"), ["bn1"]);
 * console.log(findNorms(model)[0].mode); // "frozen"
 * ```
 */
export function freeze(model: OnnxModel, globs: readonly string[]): OnnxModel {
  const norms = findNorms(model);
  const chosen = new Set<OnnxNode>();
  for (const glob of globs) {
    const matches = globMatcher(glob);
    const found = norms.filter(({ name }) => matches(name));
    if (found.length === 0)
      throw new UserError(
        `${model.path}: --frozen: expected a pattern that matches a layer, got '${glob}'; the layers are ${norms.map(({ name }) => name).join(", ")}`,
      );
    for (const { name, op, nodes } of found) {
      const [node] = nodes;
      if (nodes.length > 1 || !node || !normOperatorOf(node)?.operator.running)
        throw new UserError(
          `${model.path}: --frozen: expected layers with stored statistics, got ${name} (${op}), which has none; give a narrower pattern than '${glob}'`,
        );
      chosen.add(node);
    }
  }
  return freezeNodes(model, (node) => chosen.has(node));
}

const freezeNodes = (model: OnnxModel, isFrozen: (node: OnnxNode) => boolean): OnnxModel => ({
  ...model,
  nodes: model.nodes.map((node) => (isFrozen(node) ? { ...node, frozen: true } : node)),
});
