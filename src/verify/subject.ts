import { standardize, standardizeAdjoint } from "../theory/index.js";

/**
 * What the checks are run against. The default is the product's own code; tests put broken versions in its place
 * to see the checks fail.
 */
export interface Subject {
  readonly standardize: typeof standardize;
  readonly adjoint: typeof standardizeAdjoint;
}

export const ownCode: Subject = { standardize, adjoint: standardizeAdjoint };
