import { homedir } from "node:os";
import { join } from "node:path";

/**
 * The folder of blindspot's caches for this user: `blindspot` in XDG_CACHE_HOME, or in ~/.cache.
 */
export const cacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "blindspot");
