/**
 * Keeps compiled graphs from one start of a process to the next.
 *
 * A graph that is not found is compiled anew, so a cache may forget any entry at any time. It must
 * never return other bytes than those that were put.
 */
export interface ProgramCache {
  /**
   * A short name for these parts in this order. It differs for other parts and for other engine
   * code.
   */
  digest(parts: readonly KeyPart[]): Promise<string>;
  /** The bytes that were put under this digest; undefined where there are none. */
  get(digest: string): Promise<Uint8Array | undefined>;
  /**
   * Keeps the bytes under the digest. Must not throw: an entry that cannot be written is not kept.
   */
  put(digest: string, bytes: Uint8Array): Promise<void>;
}

/** A part of a key: text, or bytes. */
export type KeyPart = string | Uint8Array;

/**
 * Everything that decides what the function does, besides the shapes and element types of its
 * inputs. With this key a cache finds a program without tracing its function.
 */
export type CallerKey = readonly KeyPart[];
