import { version } from "../base/version.js";
import { checksOf } from "./checks/index.js";
import { Context } from "./context.js";
import type { LossMaker } from "./losses.js";
import type { CheckResult, VerifyReport } from "./result.js";
import { ownCode, type Subject } from "./subject.js";

/** Options of `verify`. */
export interface VerifyOptions {
  /** Random cases per check. Default 100. */
  readonly trials?: number;
  /** The same seed gives the same cases on every machine. Default 0. */
  readonly seed?: number;
  /** Replacements for parts of the code under test. Default: this package's own code. */
  readonly subject?: Partial<Subject>;
  /** Losses for the check that expands whole losses. Default: `losses`. */
  readonly losses?: Readonly<Record<string, LossMaker>>;
  /** Receives the id of each check before it runs. */
  readonly onProgress?: (message: string) => void;
}

const DEFAULT_TRIALS = 100;

/**
 * Checks every statement of docs/theory.md on random cases in float64. Each check compares a number
 * with a bound on the rounding of its case.
 *
 * @param options - how many cases, which seed, what to check
 * @returns one result per check; `pass` says whether all hold
 *
 * @example
 * ```ts
 * import { verify } from "blindspot/verify";
 *
 * const report = await verify({ trials: 2 });
 * const theorem1 = report.checks.find(({ id }) => id === "theorem-1");
 * console.log(report.pass, theorem1?.trials, theorem1?.relation); // true 2 at most
 * ```
 */
export async function verify({
  trials = DEFAULT_TRIALS,
  seed = 0,
  subject: replacements = {},
  losses,
  onProgress = () => {},
}: VerifyOptions = {}): Promise<VerifyReport> {
  const started = performance.now();
  const subject = { ...ownCode, ...replacements };
  const results: CheckResult[] = [];
  for (const check of checksOf(subject)) {
    onProgress(check.id);
    const context = new Context(check, { subject, trials, seed, losses });
    await check.run(context);
    results.push(context.result());
  }
  return {
    schema: "blindspot.verify/1",
    tool: { name: "blindspot", version },
    arithmetic: "float64",
    seed,
    trials,
    elapsedMs: performance.now() - started,
    checks: results,
    falsePassLog2: null,
    pass: results.every(({ pass }) => pass),
  };
}
