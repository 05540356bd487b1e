import { expect, it } from "vitest";
import {
  batchNormLayout,
  blockedShares,
  leakFromOutput,
  leakFromSigma,
  standardize,
} from "../../src/theory/index.js";
import { normals } from "../support/tensors.js";

it("The leak ρ = ε/(v+ε) follows from σ and ε, and from y alone", () => {
  const layout = batchNormLayout([50, 4]);
  const x = normals(200, 1).map((v, e) => v * 10 ** ((e % 4) - 3));
  const { y, sigma, leak } = standardize(x, layout, { epsilon: 1e-5 });
  const mean = leak.reduce((a, b) => a + b) / 4;
  const expected = { mean: expect.closeTo(mean, 12), max: expect.closeTo(Math.max(...leak), 12) };
  expect(leakFromSigma(sigma, 1e-5)).toEqual(expected);
  expect(leakFromOutput(blockedShares(y, y, layout))).toEqual(expected);
  expect(leakFromSigma([0], 0)).toEqual({ mean: 0, max: 0 });
});
