import type { Check } from "../context.js";
import { theorem1 } from "./theorem-1.js";
import { epsilonLeak, theorem2 } from "./theorem-2.js";

/** All checks in float64, in the order of the table. */
export const checks: readonly Check[] = [theorem1, theorem2, epsilonLeak];
