import type { Primitive } from "../../tracing/primitives.js";
import { convRules } from "./conv/choose-lowering.js";
import { dotRules } from "./dot.js";
import { elementwiseRules } from "./elementwise.js";
import { gatherRules } from "./gather.js";
import { movementRules } from "./movement.js";
import { poolRules } from "./pool.js";
import { reduceRules } from "./reduce.js";
import type { Rule } from "./rule.js";
import { sortRules } from "./sort.js";
import { unsupportedRules } from "./unsupported.js";

/** The rule of every primitive. The type makes a primitive without a rule a compile error. */
export const rules: { readonly [P in Primitive]: Rule<P> } = {
  ...elementwiseRules,
  ...movementRules,
  ...reduceRules,
  ...dotRules,
  ...convRules,
  ...poolRules,
  ...gatherRules,
  ...sortRules,
  ...unsupportedRules,
};
