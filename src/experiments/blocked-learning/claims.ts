import type { NormName } from "../../nn/index.js";
import { atLeast, atMost, type ClaimEntry, type ClaimTable } from "../claims.js";
import type { Summary } from "./summary.js";
import { SMALL_EPSILON } from "./variants.js";

const source = "Zhou et al. 2024, Theorems 1 and 2";

/** The norms that let the gradient through, with their names in words. */
const open: readonly [NormName, string][] = [
  ["ln", "layer norm"],
  ["detached", "batch norm with detached statistics"],
  ["none", "no norm"],
];

/** Claims about the weights below a norm. A condition is the name of a variant. */
export const claims: ClaimTable<string, Summary> = [
  {
    id: "bn-blocks",
    statement: "Under batch norm the weights below hardly move.",
    source,
    measure: "movement of the weights below: bn / no norm, after equal steps",
    ...atMost(0.01),
    conditions: ["bn", "none"],
    value: (bn, none) => bn.movement / none.movement,
  },
  {
    id: "bn-leaks-by-epsilon",
    statement: "The remaining movement under batch norm is the ε leak.",
    source: "our own formula for ε > 0",
    measure: "movement with ε = 10⁻⁷ / movement with ε = 10⁻⁵",
    ...atMost(0.1),
    conditions: [SMALL_EPSILON.condition, "bn"],
    value: (small, bn) => small.movement / bn.movement,
  },
  ...open.flatMap(([norm, title]): ClaimEntry<string, Summary>[] => [
    {
      id: `${norm}-moves`,
      statement: `With ${title} the gradient reaches the weights below: they move.`,
      source,
      measure: "movement of the weights below, relative to their start",
      ...atLeast(0.1),
      conditions: [norm],
      value: ({ movement }) => movement,
    },
    {
      id: `${norm}-converges`,
      statement: `With ${title} training converges.`,
      source,
      measure: "last loss / first loss",
      ...atMost(0.05),
      conditions: [norm],
      value: ({ lossRatio }) => lossRatio,
    },
  ]),
];
