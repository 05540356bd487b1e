import type { TensorSpec } from "../../base/tensor.js";
import * as lang from "../../engine/lang/index.js";
import { Evaluation, isParameter } from "../evaluation.js";
import { GraphIndex } from "../graph-index.js";
import { Attributes, type Initializer, type OnnxGraph, type OnnxModel, type OnnxNode } from "../model.js";
import { nestedNorms } from "../norms/nested.js";
import type { Value } from "../values/value.js";
import { planSteps } from "./plan-steps.js";
import { runSteps } from "./run-steps.js";

/** Branches nest at most this deep. */
const DEEPEST = 32;

/**
 * Puts the nodes of a branch in place of an If whose condition follows from stored numbers and from
 * the shapes of the batch, where a branch holds a normalization. Layers are found among the nodes
 * of the graph itself.
 *
 * @param model - The decoded model.
 * @param inputs - Shapes and element types of the inputs, by name.
 * @returns The model; an If whose condition depends on the data stays.
 */
export function resolveBranches(model: OnnxModel, inputs: ReadonlyMap<string, TensorSpec>): OnnxModel {
  let resolved = model;
  for (let depth = 0; depth < DEEPEST; depth++) {
    const branches = resolved.nodes.filter((node) => node.op === "If" && nestedNorms([node]).length > 0);
    const chosen = new Map<OnnxNode, OnnxGraph>();
    for (const node of branches) {
      const condition = conditionOf(resolved, node, inputs);
      const branch =
        condition === null
          ? undefined
          : node.attributes.get("graph", condition ? "then_branch" : "else_branch");
      if (branch) chosen.set(node, branch);
    }
    if (chosen.size === 0) return resolved;
    resolved = withBranches(resolved, chosen);
  }
  return resolved;
}

/** The condition of an If; null where it depends on the data. */
function conditionOf(
  model: OnnxModel,
  node: OnnxNode,
  inputs: ReadonlyMap<string, TensorSpec>,
): boolean | null {
  const [name] = node.inputs;
  const { steps, reads } = planSteps(new GraphIndex(model), model, { layers: [], results: [name] });
  const read = model.inputs.filter((input) => reads.has(input.name) && inputs.has(input.name));
  const params = [...model.initializers.values()].filter(
    (stored) => reads.has(stored.name) && isParameter(stored),
  );
  const specs: TensorSpec[] = [
    ...read.map((input) => {
      const { shape, dtype } = inputs.get(input.name) as TensorSpec;
      return { shape, dtype: lang.isFloat(dtype) ? "float32" : dtype === "bool" ? "bool" : "int32" } as const;
    }),
    ...params.map(({ spec }) => ({ shape: spec.shape, dtype: "float32" as const })),
  ];
  let condition: boolean | null = null;
  try {
    lang.evaluateShapes((...args) => {
      const values = new Map<string, Value>([...read, ...params].map(({ name }, i) => [name, args[i]]));
      const evaluation = new Evaluation(model, "float32", values);
      runSteps(steps, evaluation, {});
      const known = evaluation.known(name);
      condition = known && known.data[0] !== 0;
      return [];
    }, specs);
  } catch {
    // What cannot be traced is reported where it is needed.
    return null;
  }
  return condition;
}

/** The model with the nodes of branches in place of their If nodes. */
function withBranches(model: OnnxModel, chosen: ReadonlyMap<OnnxNode, OnnxGraph>): OnnxModel {
  const initializers = new Map<string, Initializer>(model.initializers);
  const nodes = model.nodes.flatMap((node) => {
    const branch = chosen.get(node);
    if (!branch) return [node];
    const own = new Set([...branch.initializers.keys(), ...branch.nodes.flatMap(({ outputs }) => outputs)]);
    // Both branches, and other graphs, may use the same names. Names of parameters stay as they
    // are.
    const taken = new Set([...initializers.keys(), ...model.nodes.flatMap(({ outputs }) => outputs)]);
    const rename = (name: string) => (own.has(name) && taken.has(name) ? `${node.name}/${name}` : name);
    for (const [name, stored] of branch.initializers)
      initializers.set(rename(name), { ...stored, name: rename(name) });
    return [
      ...branch.nodes.map((inner) => ({
        ...inner,
        inputs: inner.inputs.map(rename),
        outputs: inner.outputs.map(rename),
      })),
      ...branch.outputs.map(
        ({ name }, i): OnnxNode => ({
          ...node,
          name: `${node.name}/${i}`,
          op: "Identity",
          inputs: [rename(name)],
          outputs: [node.outputs[i]],
          attributes: new Attributes(),
        }),
      ),
    ];
  });
  return { ...model, nodes, initializers };
}
