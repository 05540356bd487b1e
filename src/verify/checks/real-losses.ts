import { expand, remainder, type Term, taylorTerms } from "../../theory/index.js";
import type { Check } from "../context.js";
import { backward, forward, offDiagonalOrigin, recordDeviation } from "../phases.js";

/** L and L − L_grad − L_diag have the same gradient at x. */
export const realLosses: Check = {
  id: "real-losses",
  statement: "Real losses have the same ∂L/∂x without L_grad and L_diag",
  source: "Zhou et al. 2024, section 3; docs/theory.md, section 4",
  relation: "at most",
  run(context) {
    const makers = Object.values(context.losses);
    let trial = 0;
    for (const c of context.cases(["ordinary", "N·H·W", "D = 1", "n = 2", "duplicated channels"])) {
      const loss = makers[trial++ % makers.length](c.channels, context.random);
      const pass = forward(context.subject, c, 0);
      const expansion = expand(loss, c.point);
      const { first, diagonal, offDiagonal } = taylorTerms(pass.z, c.layout, expansion);
      const rest = remainder(loss, pass.z, c.layout, c.point);
      const sum = (...terms: Term[]) =>
        terms[0].gradient.map((_, e) => terms.reduce((total, { gradient }) => total + gradient[e], 0));
      const whole = backward(pass, sum(first, diagonal, offDiagonal, rest));
      const passing = backward(pass, sum(offDiagonal, rest));
      const { magnitude, products } = offDiagonalOrigin(expansion, c);
      const summands = c.gamma.map((gamma, d) => {
        const own = Math.abs(expansion.hessian[d * c.channels + d]);
        const reach = Math.abs(gamma) + Math.abs(c.beta[d]) + Math.abs(c.point[d]);
        return Math.abs(expansion.gradient[d]) + own * reach + magnitude[d];
      });
      recordDeviation(context, pass, {
        arriving: whole,
        expected: passing.x,
        origin: { magnitude: summands, products },
      });
    }
  },
};
