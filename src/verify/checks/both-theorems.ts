import { taylorTerms } from "../../theory/index.js";
import { type Case, type CaseKind, illConditioned } from "../cases.js";
import type { Check, Context } from "../context.js";
import { randomExpansion } from "../expansions.js";
import { backward, diagonalOrigin, firstOrigin, forward, recordDeviation } from "../phases.js";

/** Checks both theorems at ε = 0 on cases of some kinds, after a change to each case. */
function both(context: Context, kinds: readonly CaseKind[], change: (c: Case) => Case = (c) => c): void {
  for (const sample of context.cases(kinds)) {
    const c = change(sample);
    const pass = forward(context.subject, c, 0);
    const expansion = randomExpansion(c.point, context.random);
    const { first, diagonal } = taylorTerms(pass.z, c.layout, expansion);
    recordDeviation(context, pass, {
      arriving: backward(pass, first.gradient),
      origin: firstOrigin(expansion),
    });
    recordDeviation(context, pass, {
      arriving: backward(pass, diagonal.gradient),
      origin: diagonalOrigin(expansion, c),
    });
  }
}

/** Where subtracting the mean loses digits, only rounding reaches x. */
export const digitsLost: Check = {
  id: "ill-conditioned",
  statement: "Both theorems, near-constant channels, huge means: rounding alone",
  source: "docs/theory.md, section 3",
  relation: "at most",
  run: (context) => both(context, illConditioned),
};

/** The elements of a channel are samples × positions. */
export const overPositions: Check = {
  id: "positions",
  statement: "Both theorems, for batch norm over N·H·W",
  source: "Zhou et al. 2024, theorems 1 and 2; docs/theory.md, section 3",
  relation: "at most",
  run: (context) => both(context, ["N·H·W", "many elements"]),
};

/** The theorems hold for an expansion around any ẑ. */
export const anyPoint: Check = {
  id: "any-point",
  statement: "Both theorems, at any ẑ: up to 10⁶ away from z",
  source: "Zhou et al. 2024, theorems 1 and 2; docs/theory.md, section 3",
  relation: "at most",
  run: (context) =>
    both(context, ["ordinary", "N·H·W", "D = 1"], (c) => {
      const distance = 10 ** context.random.uniform(-2, 6);
      return { ...c, point: c.point.map((v) => v * distance) };
    }),
};

/** Without the affine phase (γ = 1, β = 0), the standardization blocks both terms. */
export const standardizationAlone: Check = {
  id: "standardization-alone",
  statement: "The standardization phase alone blocks both (γ = 1, β = 0)",
  source: "Zhou et al. 2024, section 3; docs/theory.md, section 3",
  relation: "at most",
  run: (context) =>
    both(context, ["ordinary", "N·H·W", "n = 2"], (c) => ({
      ...c,
      gamma: c.gamma.map(() => 1),
      beta: c.beta.map(() => 0),
    })),
};
