import { type Norm, type NormName, type NormOptions, norm } from "../nn/index.js";
import {
  affine,
  affineAdjoint,
  standardize,
  standardizeAdjoint,
  standardizeHessianVector,
} from "../theory/index.js";

/**
 * What the checks are run against. The default is the product's own code; tests put broken versions in its place
 * to see the checks fail.
 */
export interface Subject {
  /** The closed forms of the theory. */
  readonly standardize: typeof standardize;
  readonly adjoint: typeof standardizeAdjoint;
  readonly hessianVector: typeof standardizeHessianVector;
  readonly affine: typeof affine;
  readonly affineAdjoint: typeof affineAdjoint;
  /** The normalizations in the tensor language. */
  readonly norm: (name: NormName, options: NormOptions) => Norm;
}

export const ownCode: Subject = {
  standardize,
  adjoint: standardizeAdjoint,
  hessianVector: standardizeHessianVector,
  affine,
  affineAdjoint,
  norm,
};
