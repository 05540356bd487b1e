import { type Norm, type NormName, type NormOptions, norm } from "../nn/index.js";
import {
  affine,
  affineAdjoint,
  standardize,
  standardizeAdjoint,
  standardizeHessianVector,
} from "../theory/index.js";

/**
 * The code that the checks test. Tests replace parts of it with broken versions, to see that the
 * checks fail.
 */
export interface Subject {
  /** The standardization phase, in closed form. */
  readonly standardize: typeof standardize;
  /** The adjoint of the standardization phase, in closed form. */
  readonly adjoint: typeof standardizeAdjoint;
  /** The Hessian-vector product through the standardization phase, in closed form. */
  readonly hessianVector: typeof standardizeHessianVector;
  /** The affine phase. */
  readonly affine: typeof affine;
  /** The adjoint of the affine phase. */
  readonly affineAdjoint: typeof affineAdjoint;
  /** A normalization as a function of traced values, by name. */
  readonly norm: (name: NormName, options: NormOptions) => Norm;
}

/** The code of this package. */
export const ownCode: Subject = {
  standardize,
  adjoint: standardizeAdjoint,
  hessianVector: standardizeHessianVector,
  affine,
  affineAdjoint,
  norm,
};
