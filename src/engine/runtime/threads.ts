import { availableParallelism } from "node:os";
import { UserError } from "../../base/errors.js";

/**
 * Threads within one operator where a program is not told: `BLINDSPOT_THREADS`, which processes side by side are given
 * so that together they do not take more threads than there are cores; else as many as there are cores.
 */
export function defaultThreads(text: string | undefined = process.env.BLINDSPOT_THREADS): number {
  if (text === undefined || text === "") return availableParallelism();
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new UserError(`BLINDSPOT_THREADS: expected a whole number from 1 to 9999, got ${text}`);
  return Number(text);
}
