import type { Initializer } from "./network.js";

/**
 * Draws uniformly from ±1/√fanIn, as PyTorch does for weights and biases of linear layers and
 * convolutions.
 *
 * @param fanIn - Number of inputs that one output depends on.
 * @returns The initializer.
 *
 * @example
 * ```ts
 * import { Registry, uniformFanIn } from "blindspot/nn";
 *
 * const weight = new Registry().add("fc1.weight", [8, 4], uniformFanIn(4));
 * ```
 */
export function uniformFanIn(fanIn: number): Initializer {
  const bound = 1 / Math.sqrt(fanIn);
  return (random, data) => {
    for (let i = 0; i < data.length; i++) data[i] = random.uniform(-bound, bound);
  };
}

/**
 * Draws from a normal distribution.
 *
 * @param mean - Mean of the distribution.
 * @param deviation - Standard deviation of the distribution.
 * @returns The initializer.
 *
 * @example
 * ```ts
 * import { normalValues, Registry } from "blindspot/nn";
 *
 * const weight = new Registry().add("fc1.weight", [8, 4], normalValues(0, 0.02));
 * ```
 */
export const normalValues =
  (mean: number, deviation: number): Initializer =>
  (random, data) => {
    for (let i = 0; i < data.length; i++) data[i] = mean + deviation * random.normal();
  };

/**
 * Sets every element to one value.
 *
 * @param value - The value.
 * @returns The initializer.
 *
 * @example
 * ```ts
 * import { constantValue, Registry } from "blindspot/nn";
 *
 * const scale = new Registry().add("norm1.weight", [8], constantValue(1));
 * ```
 */
export const constantValue =
  (value: number): Initializer =>
  (_, data) => {
    data.fill(value);
  };
