import type { GraphBuilder, Value } from "../graph.js";
import * as ops from "../ops.js";
export function arcsine(g: GraphBuilder, x: Value): Value {
  return ops.elementwise(g, "Asin", [x]);
}
export function arctangent(g: GraphBuilder, x: Value): Value {
  return ops.elementwise(g, "Atan", [x]);
}
export function errorFunction(g: GraphBuilder, x: Value): Value {
  return ops.elementwise(g, "Erf", [x]);
}
export function errorFunctionComplement(g: GraphBuilder, x: Value): Value {
  return ops.elementwise(g, "Sub", [g.scalar(1, x.dtype as "float32"), ops.elementwise(g, "Erf", [x])]);
}
