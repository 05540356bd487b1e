import { version } from "../base/version.js";
import { checksOf } from "./checks/index.js";
import { Context } from "./context.js";
import type { LossMaker } from "./losses.js";
import type { CheckResult, VerifyReport } from "./result.js";
import { ownCode, type Subject } from "./subject.js";

export interface VerifyOptions {
  /** Random cases per check. */
  readonly trials?: number;
  readonly seed?: number;
  /** What to check; the product's own code unless given. */
  readonly subject?: Subject;
  /** Losses that stand for "any loss"; those of `losses` unless given. */
  readonly losses?: Readonly<Record<string, LossMaker>>;
  readonly onProgress?: (message: string) => void;
}

const DEFAULT_TRIALS = 100;

/** Checks every statement on random cases in float64. The same seed gives the same cases everywhere. */
export async function verify({
  trials = DEFAULT_TRIALS,
  seed = 0,
  subject = ownCode,
  losses,
  onProgress = () => {},
}: VerifyOptions = {}): Promise<VerifyReport> {
  const started = performance.now();
  const results: CheckResult[] = [];
  for (const check of checksOf(subject)) {
    onProgress(check.id);
    const context = new Context(check, subject, trials, seed, losses);
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
