import { availableParallelism } from "node:os";
import { UserError } from "../../base/errors.js";

/**
 * Default number of threads within one operator: the environment variable BLINDSPOT_THREADS, or the
 * number of cores. A parent process sets the variable for processes that run side by side, so that
 * they share the cores.
 *
 * @throws UserError where the variable is not a whole number from 1 to 9999.
 */
export function defaultThreads(text: string | undefined = process.env.BLINDSPOT_THREADS): number {
  if (text === undefined || text === "") return availableParallelism();
  if (!/^[1-9]\d{0,3}$/.test(text))
    throw new UserError(`BLINDSPOT_THREADS: expected a whole number from 1 to 9999, got ${text}`);
  return Number(text);
}
