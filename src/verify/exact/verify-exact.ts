import { Random } from "../../base/random.js";
import { version } from "../../base/version.js";
import { seedFor } from "../context.js";
import type { CheckResult, VerifyReport } from "../result.js";
import { RootAlgebra } from "./algebra.js";
import { exactCase, RANGE_BITS } from "./cases.js";
import { type ExactCheck, exactChecks } from "./checks.js";
import { type ExactStandardization, exactStandardization } from "./standardization.js";

export interface VerifyExactOptions {
  /** Random cases per check and shape. */
  readonly trials?: number;
  readonly seed?: number;
  /** What to check; the product's own definition unless given. */
  readonly standardization?: ExactStandardization;
  readonly onProgress?: (message: string) => void;
}

const DEFAULT_TRIALS = 10;

/**
 * Checks the identities at ε = 0 in exact arithmetic: blocked terms come out as 0, not as 10⁻¹⁶.
 *
 * Each is a rational function of X, γ, β, ẑ, g, H, … with powers of the variances below the line. If it is not
 * identically 0, its numerator is a polynomial of total degree k, not 0, and at independent uniform integers from
 * a set of R = 2⁹⁶ it vanishes with probability at most k/R (Schwartz 1980, Zippel 1979). The report states the sum of
 * k/R over all checks and cases: a bound on the probability that any of them passed although it is false for its
 * shape. It takes the seeded generator's numbers for independent ones.
 */
export async function verifyExact({
  trials = DEFAULT_TRIALS,
  seed = 0,
  standardization = exactStandardization,
  onProgress = () => {},
}: VerifyExactOptions = {}): Promise<VerifyReport> {
  const started = performance.now();
  const checks: CheckResult[] = [];
  for (const check of exactChecks) {
    onProgress(check.id);
    checks.push(runExactly(check, standardization, trials, seed));
  }
  const chances = exactChecks.map(({ degree, shapes }) => degree * shapes.length * trials);
  return {
    schema: "blindspot.verify/1",
    tool: { name: "blindspot", version },
    arithmetic: "exact",
    seed,
    trials,
    elapsedMs: performance.now() - started,
    checks,
    falsePassLog2: Math.log2(chances.reduce((a, b) => a + b)) - RANGE_BITS,
    pass: checks.every(({ pass }) => pass),
  };
}

function runExactly(
  check: ExactCheck,
  standardization: ExactStandardization,
  trials: number,
  seed: number,
): CheckResult {
  const random = new Random(seedFor(check.id, seed));
  let numbers = 0;
  let wrong = 0;
  for (let trial = 0; trial < trials; trial++)
    for (const [channels, elements] of check.shapes) {
      const algebra = new RootAlgebra();
      const c = exactCase(random, channels, elements);
      for (const value of check.run({ standardization, case: c, algebra, random })) {
        numbers++;
        if (check.claim === "vanishes" ? value.size > 0 : value.size === 0) wrong++;
      }
      // Only then does a sum of terms that are not 0 differ from 0.
      if (check.claim === "differs" && !algebra.rootsAreIndependent()) wrong++;
    }
  return {
    id: check.id,
    statement: check.statement,
    source: check.source,
    trials: trials * check.shapes.length,
    relation: "equal to",
    worst: wrong,
    bound: 0,
    pass: numbers > 0 && wrong === 0,
    detail: detailOf(check, numbers),
  };
}

function detailOf({ claim, degree, shapes }: ExactCheck, numbers: number): string {
  const tried = `${numbers} numbers, D×n = ${shapes.map(([d, n]) => `${d}×${n}`).join(", ")}`;
  if (claim === "differs")
    return `${tried}; products of the √v are independent over the rationals, so one example proves it`;
  return `${tried}; numerators of degree ${degree} at most in integers from a range of 2^${RANGE_BITS}`;
}
