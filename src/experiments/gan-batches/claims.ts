import type { NormName } from "../../nn/index.js";
import { Comparison } from "../comparison.js";
import type { ClaimResult } from "../result.js";
import type { Arrangement } from "./procedure.js";
import { averageOf, layersOf, type Measured, type Runs, type Summary } from "./summary.js";

type Condition = readonly [NormName, Arrangement];

/** The claims about those norms that were run, each decided by comparing runs of one seed. */
export function claimsOf(all: readonly Runs[]): ClaimResult[] {
  const claims = new Comparison<Condition, Summary>(
    ([norm, arrangement]) =>
      all.find((runs) => runs.norm === norm && runs.arrangement === arrangement)?.summaries,
  );
  const last = (summary: Summary, measured: Measured) =>
    averageOf(summary, layersOf(summary).at(-1)!, measured);

  claims.add(
    {
      id: "bn-separate-blocks-more",
      statement:
        "All-real and all-fake batches hide more from a discriminator with batch norm than mixed ones.",
      measure: "blocked share at its last norm, mean over training, bn: separate / mixed",
      relation: "at least",
      bound: 2,
    },
    [
      ["bn", "separate"],
      ["bn", "mixed"],
    ],
    (separate, mixed) => last(separate, "blocked") / last(mixed, "blocked"),
  );
  claims.add(
    {
      id: "bn-separate-removes-more",
      statement: "So the weights below that norm hear less.",
      measure: "removed at its last norm, mean over training, bn: separate − mixed",
      relation: "at least",
      bound: 0.1,
    },
    [
      ["bn", "separate"],
      ["bn", "mixed"],
    ],
    (separate, mixed) => last(separate, "removed") - last(mixed, "removed"),
  );
  claims.add(
    {
      id: "bn-separate-is-dim",
      statement: "From all-real and all-fake batches they miss most of their gradient.",
      measure: "removed at its last norm, mean over training, bn with separate batches",
      relation: "at least",
      bound: 0.6,
    },
    [["bn", "separate"]],
    (separate) => last(separate, "removed"),
  );
  claims.add(
    {
      id: "ln-does-not-mind",
      statement: "Layer norm does not mind how batches are arranged.",
      measure: "removed at its last norm, mean over training, ln: |separate − mixed|",
      relation: "at most",
      bound: 0.1,
    },
    [
      ["ln", "separate"],
      ["ln", "mixed"],
    ],
    (separate, mixed) => Math.abs(last(separate, "removed") - last(mixed, "removed")),
  );
  claims.add(
    {
      id: "bn-removes-more-than-ln",
      statement: "From all-real and all-fake batches batch norm hides more than layer norm.",
      measure: "removed at the last norm, mean over training, separate batches: bn − ln",
      relation: "at least",
      bound: 0.2,
    },
    [
      ["bn", "separate"],
      ["ln", "separate"],
    ],
    (bn, ln) => last(bn, "removed") - last(ln, "removed"),
  );
  claims.add(
    {
      id: "separate-costs-features",
      statement: "The rule costs a discriminator with batch norm features that tell the classes apart.",
      measure: "linear probe accuracy of its last features, bn: mixed − separate",
      relation: "at least",
      bound: 0.02,
    },
    [
      ["bn", "mixed"],
      ["bn", "separate"],
    ],
    (mixed, separate) => mixed.probe - separate.probe,
  );
  return claims.decided;
}
