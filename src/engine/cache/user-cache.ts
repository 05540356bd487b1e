import { statSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { cacheFolder } from "../../base/cache-folder.js";
import { UserError } from "../../base/errors.js";
import { codeHash } from "./code-hash.js";
import { DiskCache } from "./disk-cache.js";
import type { ProgramCache } from "./program-cache.js";

/**
 * The code that makes programs: what audits trace, too, since their keys spare them tracing. Hashed when this is loaded, as the
 * process goes on with what it has loaded whatever happens to the files.
 */
const CODE = codeHash(["base", "engine", "measure", "onnx", "audit", "theory"]);

/**
 * The cache of the user who runs this process: in the folder `programs` of `cacheFolder`, in the one that BLINDSPOT_CACHE names,
 * or none where it says `off`. None either where our code cannot be told from other code (in a bundle).
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
