import type { Primitive } from "../../tracing/primitives.js";
import { convRules } from "./conv/conv.js";
import { dotRules } from "./dot.js";
import { elementwiseRules } from "./elementwise.js";
import { gatherRules } from "./gather.js";
import { movementRules } from "./movement.js";
import { poolRules } from "./pool.js";
import { reduceRules } from "./reduce.js";
import type { Rule } from "./rule.js";
import { sortRules } from "./sort.js";
import { unsupportedRules } from "./unsupported.js";

/** How each primitive is computed with ONNX operators. A primitive without a rule does not compile. */
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
