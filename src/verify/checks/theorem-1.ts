import { taylorTerms } from "../../theory/index.js";
import { wellConditioned } from "../cases.js";
import type { Check } from "../context.js";
import { randomExpansion } from "../expansions.js";
import { backward, firstOrigin, forward, recordDeviation } from "../phases.js";

/**
 * Theorem 1: L_grad = Σ_i gᵀ(z_i − ẑ) has ∂L_grad/∂x = 0, for every x, γ, β, ẑ and ε.
 *
 * Its gradient at y_d is γ_d·g_d for every element: a constant, which the standardization removes.
 * The statement and its proof are in docs/theory.md, section 3. The same check in exact arithmetic
 * is `exact-theorem-1` of ../exact/checks.ts.
 */
export const theorem1: Check = {
  id: "theorem-1",
  statement: "First order: nothing of ∂L_grad reaches x, at any ε and ẑ",
  source: "Zhou et al. 2024, theorem 1; docs/theory.md, section 3",
  relation: "at most",
  run(context) {
    for (const c of context.cases(wellConditioned)) {
      const pass = forward(context.subject, c, context.pick([0, 1e-5, 0.1]));
      const expansion = randomExpansion(c.point, context.random);
      const { first } = taylorTerms(pass.z, c.layout, expansion);
      recordDeviation(context, pass, {
        arriving: backward(pass, first.gradient),
        origin: firstOrigin(expansion),
      });
    }
  },
};
