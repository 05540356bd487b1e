import { offDiagonalPassed, taylorTerms } from "../../theory/index.js";
import type { Case } from "../cases.js";
import type { Check } from "../context.js";
import { randomExpansion } from "../expansions.js";
import { backward, forward, offDiagonalOrigin, recordDeviation, recordPassing } from "../phases.js";

/** ∂L_off/∂x_d = (γ_d/σ_d) Σ_{e≠d} H_de·γ_e·(y_e − C_de·y_d). */
export const offDiagonalForm: Check = {
  id: "off-diagonal-form",
  statement: "∂L_off/∂x_d = (γ_d/σ_d) Σ H_de γ_e (y_e − C_de y_d), any ε and ẑ",
  source: "docs/theory.md, section 4",
  relation: "at most",
  run(context) {
    for (const c of context.cases()) {
      const pass = forward(context.subject, c, context.pick([0, 1e-5, 0.1]));
      const expansion = randomExpansion(c.point, context.random);
      const { offDiagonal } = taylorTerms(pass.z, c.layout, expansion);
      const expected = offDiagonalPassed(expansion.hessian, c.gamma, pass.reference, c.layout);
      recordDeviation(context, pass, {
        arriving: backward(pass, offDiagonal.gradient),
        expected,
        origin: offDiagonalOrigin(expansion, c),
      });
    }
  },
};

/**
 * Where y_e = ±y_d for all channels, everything up to second order is blocked. The same holds for
 * D = 1 and n = 2.
 */
export const correlatedChannels: Check = {
  id: "correlated-channels",
  statement: "Perfectly correlated channels, D = 1, n = 2: L_off is blocked too",
  source: "docs/theory.md, section 4",
  relation: "at most",
  run(context) {
    for (const c of context.cases(["duplicated channels", "D = 1", "n = 2"])) {
      const pass = forward(context.subject, c, 0);
      const expansion = randomExpansion(c.point, context.random);
      const { offDiagonal } = taylorTerms(pass.z, c.layout, expansion);
      recordDeviation(context, pass, {
        arriving: backward(pass, offDiagonal.gradient),
        origin: offDiagonalOrigin(expansion, c),
      });
    }
  },
};

/**
 * L_off passes where channels are independent. At ẑ = β, G_d is a combination of the other
 * channels.
 */
export const offDiagonalPasses: Check = {
  id: "off-diagonal-passes",
  statement: "Second order, off-diagonal: L_off reaches x (share of order 1)",
  source: "Zhou et al. 2024, section 3; docs/theory.md, section 4",
  relation: "at least",
  run(context) {
    const suits = ({ channels, elements }: Case) => channels > 1 && elements >= 16;
    for (const sample of context.cases(["N·H·W", "ordinary", "many channels"], { suits })) {
      const c = { ...sample, point: sample.beta };
      const pass = forward(context.subject, c, 0);
      const expansion = randomExpansion(c.point, context.random);
      const { offDiagonal } = taylorTerms(pass.z, c.layout, expansion);
      recordPassing(context, pass, backward(pass, offDiagonal.gradient));
    }
  },
};

/**
 * L_3 = (1/6) Σ_i Σ_d t_d·(z_id − ẑ_d)³ at ẑ = β: G is a multiple of y², whose part off {1, y}
 * passes.
 */
export const thirdOrderPasses: Check = {
  id: "third-order-passes",
  statement: "Third order: Σ t_d(z_d−ẑ_d)³/6 reaches x (share of order 1)",
  source: "Zhou et al. 2024, section 3; docs/theory.md, section 4",
  relation: "at least",
  run(context) {
    const suits = ({ elements }: Case) => elements >= 16;
    for (const c of context.cases(["N·H·W", "ordinary", "many channels"], { suits })) {
      const pass = forward(context.subject, c, 0);
      const squares = pass.standardized.y.map((v) => v ** 2);
      recordPassing(context, pass, backward(pass, squares));
    }
  },
};
