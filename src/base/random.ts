/**
 * A seeded generator of random numbers: xoshiro128** (Blackman & Vigna 2018), seeded by splitmix32.
 * A seed gives the same numbers on every machine. Not for cryptography.
 *
 * @example
 * ```ts
 * import { Random } from "blindspot/nn";
 *
 * const random = new Random(1);
 * const weights = Float32Array.from({ length: 4 }, () => random.normal());
 * console.log(weights.length); // 4
 * ```
 */
export class Random {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    let x = seed >>> 0;
    this.#state = Uint32Array.from({ length: 4 }, () => {
      x = (x + 0x9e3779b9) >>> 0;
      let z = x;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      return (z ^ (z >>> 16)) >>> 0;
    });
  }

  /** A uniform whole number in [0, 2³²). */
  bits(): number {
    const s = this.#state as Uint32Array & { 0: number; 1: number; 2: number; 3: number };
    const rotated = Math.imul(s[1], 5);
    const result = Math.imul((rotated << 7) | (rotated >>> 25), 9) >>> 0;
    const shifted = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** A uniform number in [low, high), by default in [0, 1). */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.bits() / 2 ** 32);
  }

  /** A uniform whole number in [0, n). */
  below(n: number): number {
    return Math.floor(this.uniform(0, n));
  }

  /** A standard normal number, by the Box-Muller transform. */
  normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Puts `items` into a random order, in place (Fisher-Yates), and returns them. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return items;
  }
}
