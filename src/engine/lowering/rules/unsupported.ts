import { UserError } from "../../../base/errors.js";
import type { Primitive } from "../../tracing/primitives.js";
import type { Rule } from "./rule.js";

/** For what ONNX has no operator for. */
function unsupported<P extends Primitive>(primitive: P, what: string): Rule<P> {
  return (_, inputs) => {
    const shapes = inputs.map((v) => `[${v.shape}]`).join(", ");
    throw new UserError(`${primitive}: ${what} of ${shapes} cannot be compiled, ONNX has no operator for it`);
  };
}

type Unsupported = "bitcast" | "random_bits" | "triangular_solve" | "cholesky" | "lu" | "jacobi_eigh" | "fft";

export const unsupportedRules: { [P in Unsupported]: Rule<P> } = {
  bitcast: unsupported("bitcast", "the reinterpretation of the bits"),
  random_bits: unsupported("random_bits", "random numbers; pass them as an input, keys"),
  triangular_solve: unsupported("triangular_solve", "the solution of a triangular system"),
  cholesky: unsupported("cholesky", "the Cholesky decomposition"),
  lu: unsupported("lu", "the LU decomposition"),
  jacobi_eigh: unsupported("jacobi_eigh", "the eigendecomposition"),
  fft: unsupported("fft", "the Fourier transform"),
};
