import type { TensorSpec } from "../../../base/tensor.js";
import type { GraphBuilder } from "../../graph/graph.js";
import type { View } from "../../graph/view.js";
import type { Primitive, PrimitiveParams } from "../../tracing/primitives.js";

/**
 * Lowers one equation of a traced program: adds nodes to the graph, returns a view for each output.
 *
 * @param g The graph that is being built.
 * @param inputs A view for each input of the equation.
 * @param params The parameters of the primitive.
 * @param outputs Shape and element type of each output, which the returned views must have.
 */
export type Rule<P extends Primitive> = (
  g: GraphBuilder,
  inputs: readonly View[],
  params: PrimitiveParams[P],
  outputs: readonly TensorSpec[],
) => readonly View[];
