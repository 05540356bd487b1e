import { splitShared, taylorTerms } from "../../theory/index.js";
import type { Case } from "../cases.js";
import type { Check } from "../context.js";
import { randomExpansion } from "../expansions.js";
import { backward, forward, recordDeviation, recordPassing } from "../phases.js";

/** With a formula per sample, ∂L/∂x is that of the differences δ_i and Δ_i,dd alone. */
export const corollary: Check = {
  id: "corollary",
  statement: "Formulas that differ: only their differences pass",
  source: "Zhou et al. 2024, corollary 1; docs/theory.md, section 4",
  relation: "at most",
  run(context) {
    for (const c of context.cases(["ordinary", "N·H·W", "D = 1", "n = 2", "huge means"])) {
      const pass = forward(context.subject, c, 0);
      const all = Array.from({ length: c.elements }, () => randomExpansion(c.point, context.random));
      const { differences } = splitShared(all);
      const terms = taylorTerms(pass.z, c.layout, all);
      const rest = taylorTerms(pass.z, c.layout, differences);
      // The largest summands over the samples: δ_i = g_i − ḡ and Δ_i = H_i − H̄ have two each.
      const largest = (read: (i: number) => number) =>
        2 * all.reduce((most, _, i) => Math.max(most, Math.abs(read(i))), 0);
      const first = c.gamma.map((_, d) => largest((i) => all[i].gradient[d]));
      const diagonal = c.gamma.map(
        (gamma, d) =>
          largest((i) => all[i].hessian[d * c.channels + d]) *
          (Math.abs(gamma) + Math.abs(c.beta[d]) + Math.abs(c.point[d])),
      );
      const back = (gradient: Float64Array) => backward(pass, gradient);
      recordDeviation(context, pass, {
        arriving: back(terms.first.gradient),
        expected: back(rest.first.gradient).x,
        origin: { magnitude: first, products: 1 },
      });
      recordDeviation(context, pass, {
        arriving: back(terms.diagonal.gradient),
        expected: back(rest.diagonal.gradient).x,
        origin: { magnitude: diagonal, products: 1 },
      });
    }
  },
};

/** The first order of the differences is like noise: it loses two of n directions. */
export const differencesPass: Check = {
  id: "differences-pass",
  statement: "Formulas that differ: the first order of the differences passes",
  source: "Zhou et al. 2024, corollary 1; docs/theory.md, section 4",
  relation: "at least",
  run(context) {
    const suits = ({ elements }: Case) => elements >= 16;
    for (const c of context.cases(["ordinary", "N·H·W", "D = 1"], { suits })) {
      const pass = forward(context.subject, c, 0);
      recordPassing(context, pass, backward(pass, context.normals(c.x.length)));
    }
  },
};
