import { expect, it } from "vitest";
import { publicExports } from "../support/docs/public-api.js";

it("Every public export has a summary, and functions and classes have @param, @returns and a ts @example", () => {
  const incomplete = publicExports().filter(({ missing }) => missing.length > 0);
  expect(incomplete.map(({ id, where, missing }) => `${where} ${id}: add ${missing.join(", ")}`)).toEqual([]);
});
