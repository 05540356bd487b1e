import { statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { cacheFolder } from "../../base/cache-folder.js";
import { UserError } from "../../base/errors.js";
import { codeHash } from "./code-hash.js";
import { DiskCache } from "./disk-cache.js";
import type { ProgramCache } from "./program-cache.js";

/**
 * Hashes every folder that affects a graph; audit keys skip tracing. The hash is taken when this
 * file is loaded: the process keeps running the code that it has loaded, even where the files
 * change later.
 */
const CODE = codeHash(["base", "engine", "measure", "onnx", "audit", "theory"]);

/**
 * The program cache of the user who runs this process.
 *
 * @param setting - The absolute path of the cache's folder; `off` for no cache; empty or undefined
 * for the folder `programs` of the user's cache folder (`~/.cache/blindspot`). Default: the
 * environment variable BLINDSPOT_CACHE.
 * @returns The cache; undefined where it is off, and where blindspot's code cannot be hashed (in a
 * bundle).
 * @throws UserError where `setting` is neither `off` nor the absolute path of a folder.
 *
 * @example
 * ```ts
 * import { compile, lang } from "blindspot/engine";
 * import { userCache } from "blindspot/engine/cache";
 *
 * const x = { dtype: "float32", shape: [3] } as const;
 * await using program = await compile((x) => [lang.exp(x)], [x], { cache: userCache() });
 * ```
 */
export function userCache(
  setting: string | undefined = process.env.BLINDSPOT_CACHE,
): ProgramCache | undefined {
  if (setting === "off") return undefined;
  const folder = setting ? checked(setting) : join(cacheFolder(), "programs");
  return CODE === undefined ? undefined : new DiskCache({ folder, code: CODE });
}

function checked(folder: string): string {
  if (!isAbsolute(folder))
    throw new UserError(`BLINDSPOT_CACHE: expected off or the absolute path of a folder, got ${folder}`);
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (stats && !stats.isDirectory())
    throw new UserError(`BLINDSPOT_CACHE: expected off or a folder, got the file ${folder}`);
  return folder;
}
