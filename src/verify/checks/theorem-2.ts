import { diagonalLeak, taylorTerms } from "../../theory/index.js";
import { wellConditioned } from "../cases.js";
import type { Check } from "../context.js";
import { randomExpansion } from "../expansions.js";
import { backward, diagonalOrigin, forward, recordDeviation } from "../phases.js";

/**
 * Theorem 2: L_diag = ½ Σ_i Σ_d H_dd·(z_id − ẑ_d)² has ∂L_diag/∂x = 0 at ε = 0.
 *
 * Its gradient at y_d is a multiple of y_d plus a constant; the standardization removes both. The
 * statement and its proof are in docs/theory.md, section 3. The same check in exact arithmetic is
 * `exact-theorem-2` of ../exact/checks.ts.
 */
export const theorem2: Check = {
  id: "theorem-2",
  statement: "Second order, diagonal: nothing of ∂L_diag reaches x at ε = 0",
  source: "Zhou et al. 2024, theorem 2; docs/theory.md, section 3",
  relation: "at most",
  run(context) {
    for (const c of context.cases(wellConditioned)) {
      const pass = forward(context.subject, c, 0);
      const expansion = randomExpansion(c.point, context.random);
      const { diagonal } = taylorTerms(pass.z, c.layout, expansion);
      recordDeviation(context, pass, {
        arriving: backward(pass, diagonal.gradient),
        origin: diagonalOrigin(expansion, c),
      });
    }
  },
};

/** The leak: ∂L_diag/∂x_d = (ρ_d/σ_d)·γ_d²·H_dd·y_d at ε > 0. See docs/theory.md, section 3. */
export const epsilonLeak: Check = {
  id: "epsilon-leak",
  statement: "At ε > 0, ∂L_diag/∂x is the leak (ρ/σ)γ²H_dd·y, ρ = ε/(v+ε)",
  source: "docs/theory.md, section 3",
  relation: "at most",
  run(context) {
    for (const c of context.cases()) {
      const pass = forward(context.subject, c, 10 ** context.random.uniform(-6, 1));
      const expansion = randomExpansion(c.point, context.random);
      const { diagonal } = taylorTerms(pass.z, c.layout, expansion);
      const expected = diagonalLeak(expansion.hessian, c.gamma, pass.reference, c.layout);
      recordDeviation(context, pass, {
        arriving: backward(pass, diagonal.gradient),
        expected,
        origin: diagonalOrigin(expansion, c),
      });
    }
  },
};
