import type { NormName } from "../../nn/index.js";
import { Comparison } from "../comparison.js";
import type { ClaimResult } from "../result.js";
import { meanOf, type Runs, removedOverall, type Summary } from "./summary.js";

/** The claims about those norms that were run, each decided by comparing runs of one seed. */
export function claimsOf(all: readonly Runs[]): ClaimResult[] {
  const claims = new Comparison<NormName, Summary>(
    (norm) => all.find((runs) => runs.norm === norm)?.summaries,
  );
  claims.add(
    {
      id: "bn-removes-most",
      statement:
        "Where images are reconstructed, batch norm keeps most of the gradient from the weights below.",
      measure: "removed, mean over training and over the norm layers, bn",
      relation: "at least",
      bound: 0.6,
    },
    ["bn"],
    (bn) => removedOverall(bn),
  );
  claims.add(
    {
      id: "energy-understates",
      statement: "The energy of the gradient does not show it.",
      measure: "blocked share at the last norm of the decoder, mean over training, bn",
      relation: "at most",
      bound: 0.05,
    },
    ["bn"],
    (bn) => meanOf(bn.recorded.at(-1)!.blocked.values),
  );
  claims.add(
    {
      id: "bn-removes-more-than-ln",
      statement: "Layer norm lets more through.",
      measure: "removed, mean over training and over the norm layers: bn − ln",
      relation: "at least",
      bound: 0.2,
    },
    ["bn", "ln"],
    (bn, ln) => removedOverall(bn) - removedOverall(ln),
  );
  claims.add(
    {
      id: "bn-reconstructs-worse",
      statement: "So batch norm reconstructs worse.",
      measure: "mean squared error on test images: bn / ln",
      relation: "at least",
      bound: 1.05,
    },
    ["bn", "ln"],
    (bn, ln) => bn.error / ln.error,
  );
  claims.add(
    {
      id: "bn-code-tells-less",
      statement: "And its code tells the classes apart worse.",
      measure: "linear probe accuracy of the code: ln − bn",
      relation: "at least",
      bound: 0.02,
    },
    ["ln", "bn"],
    (ln, bn) => ln.probe - bn.probe,
  );
  claims.add(
    {
      id: "detaching-is-no-cure",
      statement: "Detaching the statistics is no cure: it reconstructs worse than layer norm.",
      measure: "mean squared error on test images: detached / ln",
      relation: "at least",
      bound: 1.05,
    },
    ["detached", "ln"],
    (detached, ln) => detached.error / ln.error,
  );
  return claims.decided;
}
