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

/** A key that the caller vouches for: with it a program is found without tracing its function. */
export interface CallerKey {
  /** Everything that decides what the function does, other than the shapes and element types of its inputs. */
  readonly parts: readonly KeyPart[];
  /** What the caller learnt while its function was traced, as JSON can hold it. */
  readonly learnt: () => unknown;
  /** Takes what `learnt` gave when the program was made, in place of tracing. */
  readonly restore: (learnt: unknown) => void;
}
