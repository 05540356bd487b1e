import { affineGradients, taylorTerms } from "../../theory/index.js";
import type { Check } from "../context.js";
import { randomExpansion } from "../expansions.js";
import { channelNorms, channelSizes, describe, forward } from "../phases.js";
import { roundingBound, sumBound } from "../rounding.js";

/** ‖∂L/∂y_d‖ = |γ_d|·‖∂L/∂z_d‖ for every Taylor term. */
export const affineAlone: Check = {
  id: "affine-alone",
  statement: "The affine phase alone blocks no term: |1 − ‖∂L/∂y‖/‖γ ∂L/∂z‖|",
  source: "Zhou et al. 2024, section 3; docs/theory.md, section 3",
  relation: "at most",
  run(context) {
    for (const c of context.cases(["ordinary", "N·H·W", "D = 1"])) {
      // Without a standardization, y is any tensor.
      const z = context.subject.affine(c.x, c.gamma, c.beta, c.layout);
      const terms = taylorTerms(z, c.layout, randomExpansion(c.point, context.random));
      for (const [name, { gradient }] of Object.entries(terms)) {
        const below = channelNorms(context.subject.affineAdjoint(gradient, c.gamma, c.layout), c);
        for (const [d, above] of channelNorms(gradient, c).entries()) {
          const through = Math.abs(c.gamma[d]) * above;
          if (through === 0) continue;
          context.record(
            Math.abs(1 - below[d] / through),
            sumBound(c.elements),
            () => `${name}, ${c.kind}, channel ${d}`,
          );
        }
      }
    }
  },
};

/**
 * The blocked terms arrive at the affine parameters, summed over the elements:
 *
 *     ∂L_grad/∂β_d = n·g_d               ∂L_grad/∂γ_d = 0
 *     ∂L_diag/∂β_d = n·H_dd·(β_d − ẑ_d)  ∂L_diag/∂γ_d = n·(1−ρ_d)·γ_d·H_dd
 */
export const whereItGoes: Check = {
  id: "where-it-goes",
  statement: "The blocked terms reach β (n·g) and γ (n(1−ρ)γH_dd)",
  source: "docs/theory.md, section 3",
  relation: "at most",
  run(context) {
    for (const c of context.cases()) {
      const pass = forward(context.subject, c, context.pick([0, 1e-5, 0.1]));
      const { reference, standardized } = pass;
      const { gradient: g, hessian: h, ...expansion } = randomExpansion(c.point, context.random);
      const { first, diagonal } = taylorTerms(pass.z, c.layout, { ...expansion, gradient: g, hessian: h });
      const ofFirst = affineGradients(first.gradient, standardized.y, c.layout);
      const ofDiagonal = affineGradients(diagonal.gradient, standardized.y, c.layout);
      const { peak } = channelSizes(reference.y, c);
      for (let d = 0; d < c.channels; d++) {
        const curvature = h[d * c.channels + d];
        const [gamma, offset] = [c.gamma[d], c.beta[d] - c.point[d]];
        const summands = Math.abs(gamma) + Math.abs(c.beta[d]) + Math.abs(c.point[d]);
        const bound = roundingBound({
          elements: c.elements,
          kappa: reference.sigma[d] === 0 ? 0 : Math.abs(reference.mean[d]) / reference.sigma[d],
          peakY: peak[d],
          peakG: peak[d],
          amplification: 1,
          products: 1,
        });
        const compare = (actual: number, expected: number, scale: number, derivative: string) =>
          context.record(
            Math.abs(actual - c.elements * expected) / (c.elements * scale),
            bound,
            () => `${derivative}, ${describe(pass, d)}`,
          );
        compare(ofFirst.beta[d], g[d], Math.abs(g[d]), "∂L_grad/∂β");
        compare(ofFirst.gamma[d], 0, Math.abs(g[d]), "∂L_grad/∂γ");
        const size = Math.abs(curvature) * summands;
        compare(ofDiagonal.beta[d], curvature * offset, size, "∂L_diag/∂β");
        // mean(y²). A constant channel at ε = 0 has y = 0.
        const meanSquare = reference.sigma[d] === 0 ? 0 : 1 - reference.leak[d];
        compare(ofDiagonal.gamma[d], meanSquare * gamma * curvature, size, "∂L_diag/∂γ");
      }
    }
  },
};
