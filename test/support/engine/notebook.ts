import type { ProgramCache } from "../../../src/engine/index.js";

/** A program cache in memory that counts its hits. */
export class Notebook implements ProgramCache {
  readonly entries = new Map<string, Uint8Array>();
  hits = 0;

  async digest(parts: readonly (string | Uint8Array)[]): Promise<string> {
    return parts.map((part) => (typeof part === "string" ? part : `bytes ${part.join()}`)).join("\n");
  }

  async get(digest: string): Promise<Uint8Array | undefined> {
    const found = this.entries.get(digest);
    if (found) this.hits++;
    return found;
  }

  async put(digest: string, bytes: Uint8Array): Promise<void> {
    this.entries.set(digest, bytes);
  }
}
