import { UserError } from "../../../base/errors.js";
import type { Primitive } from "../../tracing/primitives.js";
import type { Rule } from "./rule.js";

/**
 * The rule of a primitive that ONNX has no operator for: refuses with what it computes, and the
 * shapes.
 */
function unsupported<P extends Primitive>(primitive: P, operation: string, advice = ""): Rule<P> {
  return (_, inputs) => {
    const shapes = inputs.map((v) => `[${v.shape}]`).join(", ");
    throw new UserError(
      `${primitive}: cannot compile ${operation} of ${shapes}, ONNX has no operator for it${advice}`,
    );
  };
}

type Unsupported = "bitcast" | "random_bits" | "triangular_solve" | "cholesky" | "lu" | "jacobi_eigh" | "fft";

export const unsupportedRules: { [P in Unsupported]: Rule<P> } = {
  bitcast: unsupported("bitcast", "the reinterpretation of the bits"),
  random_bits: unsupported(
    "random_bits",
    "random numbers from a key",
    "; draw the numbers outside and pass them as an input",
  ),
  triangular_solve: unsupported("triangular_solve", "the solution of a triangular system"),
  cholesky: unsupported("cholesky", "the Cholesky decomposition"),
  lu: unsupported("lu", "the LU decomposition"),
  jacobi_eigh: unsupported("jacobi_eigh", "the eigendecomposition"),
  fft: unsupported("fft", "the Fourier transform"),
};
