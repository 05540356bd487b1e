import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * The folder of trained models and data sets that lies beside the checkout on development machines.
 */
const root = fileURLToPath(new URL("../../../shared/", import.meta.url));

/** Whether that folder is here; tests that need it skip with this reason in their title. */
export const hasShared = existsSync(root);
export const sharedReason = hasShared ? "" : " [skipped: ../shared is absent]";

/** Absolute path of a file below ../shared. */
export function shared(path: string): string {
  return `${root}${path}`;
}
