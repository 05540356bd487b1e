import type { Check } from "../context.js";
import { anyPoint, digitsLost, overPositions, standardizationAlone } from "./both-theorems.js";
import { correlatedChannels, offDiagonalForm, offDiagonalPasses, thirdOrderPasses } from "./off-diagonal.js";
import { theorem1 } from "./theorem-1.js";
import { epsilonLeak, theorem2 } from "./theorem-2.js";

/** All checks in float64, in the order of the table. */
export const checks: readonly Check[] = [
  theorem1,
  theorem2,
  epsilonLeak,
  overPositions,
  anyPoint,
  digitsLost,
  standardizationAlone,
  offDiagonalForm,
  correlatedChannels,
  offDiagonalPasses,
  thirdOrderPasses,
];
