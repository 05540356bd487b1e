import { expect, it } from "vitest";
import { scaledNorm } from "../../src/measure/scaled-norm.js";

it("‖G/σ‖ divides each group by its own σ, given once or for each of its channels", () => {
  const energies = Float64Array.of(4, 9);
  expect(scaledNorm(energies, [1, 3])).toBeCloseTo(Math.sqrt(4 + 1), 12);
  expect(scaledNorm(energies, [1, 1, 3, 3])).toBeCloseTo(Math.sqrt(4 + 1), 12);
});
