import type { Tensor } from "../../base/tensor.js";
import type { Atom, Equation, Variable } from "./primitives.js";

/**
 * A traced function as plain data. The operands of every equation have the element type that the
 * equation computes in: promotions that jax-js makes silently are `cast` equations here.
 */
export interface TracedProgram {
  readonly inputs: readonly Variable[];
  readonly constants: readonly { readonly variable: Variable; readonly tensor: Tensor }[];
  readonly equations: readonly Equation[];
  readonly outputs: readonly Atom[];
}
