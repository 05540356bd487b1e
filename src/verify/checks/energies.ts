import { blockedShares } from "../../theory/index.js";
import type { Check } from "../context.js";
import { channelNorms, channelSizes, describe, forward } from "../phases.js";
import { roundingBound } from "../rounding.js";

/**
 * ‖σ_d·∂L/∂x_d‖² = E − first − diag at ε = 0, for any G. Audits report the right side as passed.
 */
export const energies: Check = {
  id: "energies",
  statement: "The audit's passed energy E − first − diag is ‖σ ∂L/∂x‖² at ε = 0",
  source: "docs/theory.md, section 6",
  relation: "at most",
  run(context) {
    for (const c of context.cases()) {
      const pass = forward(context.subject, c, 0);
      const { reference, standardized } = pass;
      const gradient = context.normals(c.x.length);
      const shares = blockedShares(standardized.y, gradient, c.layout);
      const arrived = channelNorms(context.subject.adjoint(gradient, standardized, c.layout), c);
      const { rms, peak } = channelSizes(gradient, c);
      const { peak: peakY } = channelSizes(reference.y, c);
      for (let d = 0; d < c.channels; d++) {
        // A constant channel at ε = 0 passes nothing, even energy off 1 and y.
        if (reference.sigma[d] === 0) continue;
        const passed = c.elements * (reference.sigma[d] * arrived[d]) ** 2;
        // A square has twice the relative rounding of a length, and both sides are squares.
        const bound = roundingBound({
          elements: c.elements,
          kappa: Math.abs(reference.mean[d]) / reference.sigma[d],
          peakY: peakY[d],
          peakG: peak[d] / rms[d],
          amplification: 4,
          products: 1,
        });
        context.record(Math.abs(passed - shares.passed[d]) / shares.energy[d], bound, () =>
          describe(pass, d),
        );
      }
    }
  },
};
