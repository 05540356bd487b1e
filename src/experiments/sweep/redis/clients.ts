import { UserError } from "../../../base/errors.js";

/**
 * The clients of a Redis server are optional packages, because only sweeps on several machines need
 * them. They are imported when they are first used. Both functions throw a UserError where the
 * package is missing.
 */
export const loadBullmq = (): Promise<typeof import("bullmq")> => optional(() => import("bullmq"));
export const loadIoredis = () => optional(() => import("ioredis"));

/** Imports an optional package. The UserError for a missing package says how to install it. */
async function optional<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    throw new UserError(
      "--redis: expected the packages bullmq and ioredis, found them missing; run npm install bullmq ioredis",
    );
  }
}
