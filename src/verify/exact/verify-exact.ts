import { Random } from "../../base/random.js";
import { version } from "../../base/version.js";
import { seedFor } from "../context.js";
import type { CheckResult, VerifyReport } from "../result.js";
import { RootAlgebra } from "./algebra.js";
import { exactCase, RANGE_BITS } from "./cases.js";
import { type ExactCheck, exactChecks } from "./checks.js";
import { type ExactStandardization, exactStandardization } from "./standardization.js";

/** Options of `verifyExact`. */
export interface VerifyExactOptions {
  /** Random cases per check and shape. Default 10. */
  readonly trials?: number;
  /** The same seed gives the same cases on every machine. Default 0. */
  readonly seed?: number;
  /** Replacements for parts of the standardization. Default: its definition. */
  readonly standardization?: Partial<ExactStandardization>;
  /** Receives the id of each check before it runs. */
  readonly onProgress?: (message: string) => void;
}

const DEFAULT_TRIALS = 10;

/**
 * Checks the statements of docs/theory.md at ε = 0 in exact arithmetic: a blocked term gives 0, not
 * 10⁻¹⁶.
 *
 * Each number of a check is a rational function of X, γ, β, ẑ, g, H, …, over powers of the
 * variances. Suppose a statement is false for a shape. Then the numerator is a polynomial of total
 * degree k that is not identically 0. At independent uniform integers from a set of R = 2⁹⁶ it is 0
 * with probability at most k/R (Schwartz 1980, Zippel 1979). The report gives the sum of k/R over
 * all checks and cases, which bounds the probability that any false statement passed. The bound
 * treats the numbers of the seeded generator as independent.
 *
 * @param options - how many cases, which seed, what to check
 * @returns one result per check; `worst` counts the numbers that contradict the statement
 *
 * @example
 * ```ts
 * import { verifyExact } from "blindspot/verify";
 *
 * const report = await verifyExact({ trials: 1 });
 * const theorem1 = report.checks.find(({ id }) => id === "exact-theorem-1");
 * console.log(report.pass, theorem1?.trials, theorem1?.worst); // true 5 0
 * ```
 */
export async function verifyExact({
  trials = DEFAULT_TRIALS,
  seed = 0,
  standardization: replacements = {},
  onProgress = () => {},
}: VerifyExactOptions = {}): Promise<VerifyReport> {
  const started = performance.now();
  const standardization = { ...exactStandardization, ...replacements };
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
      // Dependent roots may let monomials cancel, so a sum of them proves no difference.
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
    return `${tried}; products of the √v are independent over the rationals, so one example is a proof`;
  return `${tried}; numerators of degree at most ${degree} in integers from a range of 2^${RANGE_BITS}`;
}
