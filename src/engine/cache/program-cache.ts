/**
 * Where programs are kept from one start to the next. What is kept is made anew whenever it is not found, so a cache may
 * forget anything at any time, but must never give back other bytes than those put.
 */
export interface ProgramCache {
  /** A short name for all of these parts in this order; other parts, or other engine code, have another one. */
  digest(parts: readonly KeyPart[]): Promise<string>;
  get(digest: string): Promise<Uint8Array | undefined>;
  /** Does not throw: what cannot be kept is not kept. */
  put(digest: string, bytes: Uint8Array): Promise<void>;
}

export type KeyPart = string | Uint8Array;

/**
 * Everything that decides what the function does, besides the shapes and element types of its inputs.
 * With this key a cache finds a program without tracing its function.
 */
export type CallerKey = readonly KeyPart[];
