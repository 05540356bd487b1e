import type { TensorSpec } from "../../../base/tensor.js";
import type { GraphBuilder } from "../../graph/graph.js";
import type { View } from "../../graph/view.js";
import type { Primitive, PrimitiveParams } from "../../tracing/primitives.js";

/** Adds to the graph what computes one equation; returns a view for each of its outputs. */
export type Rule<P extends Primitive> = (
  g: GraphBuilder,
  inputs: readonly View[],
  params: PrimitiveParams[P],
  outputs: readonly TensorSpec[],
) => readonly View[];
