import type { GraphIndex } from "../graph-index.js";
import type { OnnxNode } from "../model.js";

/** What the search for unrecognized normalizations looks at. */
export interface UnclaimedSearch {
  readonly index: GraphIndex;
  /** The nodes that run. */
  readonly nodes: readonly OnnxNode[];
  /** The nodes of the layers that were found. */
  readonly claimed: ReadonlySet<OnnxNode>;
  /** Number of samples in the batch. */
  readonly samples: number;
  shapeOf(value: string): readonly number[] | undefined;
}

const reductions = new Set([
  "ReduceMean",
  "ReduceSum",
  "ReduceL1",
  "ReduceL2",
  "ReduceSumSquare",
  "ReduceMax",
]);

/** Operators through which a statistic of the batch stays one. */
const keepsStatistic = new Set(
  "Add Sub Mul Div Sqrt Exp Log Softplus Pow Max Min Clip Abs Relu Neg Cast Identity Reshape Unsqueeze Squeeze Expand Transpose".split(
    " ",
  ),
);

/**
 * Finds reductions over the axis of the batch whose result divides the samples of the batch. That
 * is what a normalization does; if no layer holds the nodes, it is written in a form that is not
 * known.
 */
export function unclaimedReductions(search: UnclaimedSearch): OnnxNode[] {
  const { index, nodes, claimed, samples, shapeOf } = search;
  if (samples < 2) return [];
  return nodes.filter((node) => {
    if (node.domain !== "" || !reductions.has(node.op) || claimed.has(node)) return false;
    const shape = shapeOf(node.inputs[0]);
    if (shape?.[0] !== samples || !index.dependsOnData(node.inputs[0])) return false;
    const given =
      node.attributes.numbers("axes") ?? (node.inputs[1] ? index.numbers(node.inputs[1]) : undefined);
    const axes = given?.map((axis) => (axis < 0 ? axis + shape.length : axis));
    const overBatch = axes?.length
      ? axes.includes(0)
      : node.attributes.number("noop_with_empty_axes", 0) === 0;
    return overBatch && dividesSamples(node.outputs[0], search);
  });
}

/** Whether a statistic ends as the divisor of values that have one part for each sample. */
function dividesSamples(statistic: string, { index, samples, shapeOf }: UnclaimedSearch): boolean {
  const pending = [{ name: statistic, inverse: false }];
  const seen = new Set<string>();
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    const { name, inverse } = at;
    for (const node of index.readers(name)) {
      const [output] = node.outputs;
      const perSample = shapeOf(output)?.[0] === samples && (shapeOf(output)?.length ?? 0) > 1;
      const divides = node.op === "Div" ? node.inputs[1] === name && !inverse : node.op === "Mul" && inverse;
      if (divides && perSample) return true;
      const inverts =
        node.op === "Reciprocal" ||
        (node.op === "Div" && node.inputs[1] === name) ||
        (node.op === "Pow" && (index.scalar(node.inputs[1]) ?? 1) < 0);
      const passes = !perSample && (inverts || keepsStatistic.has(node.op));
      if (!passes || seen.has(`${output}/${inverse !== inverts}`)) continue;
      seen.add(`${output}/${inverse !== inverts}`);
      pending.push({ name: output, inverse: inverse !== inverts });
    }
  }
  return false;
}
