import { homedir } from "node:os";
import { join } from "node:path";

/** Where this user's caches of blindspot lie: `blindspot` in XDG_CACHE_HOME, else in ~/.cache. */
export const cacheFolder = (): string =>
  join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "blindspot");
