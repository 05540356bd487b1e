import type { TensorSpec } from "../../tensor.js";
import type { GraphBuilder } from "../graph.js";
import type { Primitive, PrimitiveParams } from "../primitives.js";
import type { View } from "../view.js";

/** Adds to the graph what computes one equation; returns a view for each of its outputs. */
export type Rule<P extends Primitive> = (
  g: GraphBuilder,
  inputs: readonly View[],
  params: PrimitiveParams[P],
  outputs: readonly TensorSpec[],
) => readonly View[];
