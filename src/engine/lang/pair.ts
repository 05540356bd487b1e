import type { JaxArray } from "../tracing/jax.js";
import { borrow, literal } from "./borrow.js";
import { dtypeOf, type Operand } from "./core.js";

/**
 * Both operands as values of one element type, each ready to be consumed by a function of jax-js.
 */
export function pair(a: Operand, b: Operand): [JaxArray, JaxArray] {
  if (typeof a === "number") {
    if (typeof b === "number")
      throw new TypeError("expected at least one traced value among the operands, got two numbers");
    return [literal(a, dtypeOf(b)), borrow(b)];
  }
  return [borrow(a), typeof b === "number" ? literal(b, dtypeOf(a)) : borrow(b)];
}
