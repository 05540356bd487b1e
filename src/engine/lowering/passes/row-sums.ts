import { sizeOf } from "../../../base/tensor.js";
import type { Graph, GraphDType, Node } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import type { Optimizations } from "../optimizations.js";
import { rewrite } from "./rewrite.js";

/**
 * ReduceSum is as fast for more rows than this. `rules/reduce.ts` limits the rounding of such sums.
 */
const MOST_ROWS = 64;

/** ReduceSum is as fast for shorter rows. */
const SHORTEST_ROW = 1 << 10;

/**
 * Replaces the sum of a few long rows by a matrix product with ones: Σᵣ x[r, c] = (1ᵀx)[c]. For
 * rows of a million numbers ONNX Runtime takes 0.5 ms instead of 4 ms for four rows, and 1.3 ms
 * instead of 6 ms for nine.
 */
export function multiplyRowSums(graph: Graph, optimizations: Optimizations): Graph {
  const axesOf = new Map(graph.constants.map(({ value, data }) => [value, Array.from(data, Number)]));
  return rewrite(graph, optimizations, (node, { g, of, copy }) => {
    const [x, axes] = node.inputs;
    const rows = node.op === "ReduceSum" ? leadingRows(node, axesOf.get(axes) ?? []) : 0;
    const length = rows > 0 ? sizeOf(x.shape) / rows : 0;
    if (rows < 2 || rows > MOST_ROWS || length < SHORTEST_ROW || !ops.isFloat(x.dtype)) return copy(node);
    const ones = g.constant(x.dtype, [1, rows], onesOf(x.dtype, rows));
    const sum = ops.matmul(g, ones, ops.reshape(g, of(x), [rows, length]));
    return [ops.reshape(g, sum, node.outputs[0].shape)];
  });
}

/**
 * The number of rows that a sum over leading axes adds; 0 where the axes are not the leading ones.
 */
function leadingRows({ inputs: [x] }: Node, axes: readonly number[]): number {
  return axes.every((axis, i) => axis === i) ? sizeOf(x.shape.slice(0, axes.length)) : 0;
}

const onesOf = (dtype: GraphDType, count: number) =>
  (dtype === "float64" ? new Float64Array(count) : new Float32Array(count)).fill(1);
