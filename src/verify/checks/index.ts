import type { Check } from "../context.js";
import type { Subject } from "../subject.js";
import { affineAlone, whereItGoes } from "./affine.js";
import { anyPoint, digitsLost, overPositions, standardizationAlone } from "./both-theorems.js";
import { adjointForm } from "./closed-forms.js";
import { corollary, differencesPass } from "./corollary.js";
import { energies } from "./energies.js";
import { normChecks } from "./norms.js";
import { correlatedChannels, offDiagonalForm, offDiagonalPasses, thirdOrderPasses } from "./off-diagonal.js";
import { realLosses } from "./real-losses.js";
import { diagonalHessian, firstOrderHessian, hessianVectorForm } from "./second-derivative.js";
import { theorem1 } from "./theorem-1.js";
import { epsilonLeak, theorem2 } from "./theorem-2.js";
import { weightsBelow } from "./weights-below.js";

/** All checks in float64, in the order of the table. Each file of this folder has one or a few. */
export const checksOf = (subject: Subject): readonly Check[] => [
  adjointForm,
  theorem1,
  theorem2,
  epsilonLeak,
  overPositions,
  anyPoint,
  digitsLost,
  standardizationAlone,
  affineAlone,
  whereItGoes,
  weightsBelow,
  offDiagonalForm,
  correlatedChannels,
  offDiagonalPasses,
  thirdOrderPasses,
  realLosses,
  corollary,
  differencesPass,
  firstOrderHessian,
  diagonalHessian,
  hessianVectorForm,
  energies,
  ...normChecks(subject),
];
