import type { GraphBuilder, GraphDType } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import { dtypeOf, materialize, type View, viewOf } from "../../graph/view.js";
import type { Rule } from "./rule.js";

/** Types that TopK does not sort, each with the type it is sorted as. The cast keeps the order. */
const SORTED_AS: Partial<Record<GraphDType, GraphDType>> = { bool: "int32", uint32: "int64" };

/**
 * The sorted values and their former places, ascending along the last axis. Equal values keep their
 * order.
 */
function sorted(g: GraphBuilder, x: View): readonly [View, View] {
  const value = materialize(g, x);
  const wide = ops.cast(g, value, SORTED_AS[value.dtype] ?? value.dtype);
  const { shape } = value;
  const types = [
    { dtype: wide.dtype, shape },
    { dtype: "int64" as const, shape },
  ];
  const attributes = { axis: shape.length - 1, largest: 0, sorted: 1 };
  const [values, places] = g.multi("TopK", [wide, g.int64([shape.at(-1)!])], types, { attributes });
  return [viewOf(g, ops.cast(g, values, dtypeOf(x))), viewOf(g, ops.cast(g, places, "int32"))];
}

export const sortRules: { [P in "sort" | "argsort"]: Rule<P> } = {
  sort: (g, [x]) => [sorted(g, x)[0]],
  argsort: (g, [x]) => sorted(g, x),
};
