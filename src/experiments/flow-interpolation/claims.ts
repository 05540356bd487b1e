import type { Batching } from "../../datasets/index.js";
import type { NormName } from "../../nn/index.js";
import { Comparison } from "../comparison.js";
import type { ClaimResult } from "../result.js";
import { excess, HALF, type Runs, type Summary } from "./summary.js";

/** A difference in bits/dim that matters: 78 bits for an image of 28×28. */
const MARGIN = 0.1;

/** A share of right answers that counts as telling apart, halfway from chance to always. */
const SORTED = 0.75;

type Condition = readonly [NormName, Batching];

const LESS = "bits/dim of held-out blends (α = ½) less that of held-out images (α = 0, 1)";
const SHARE = "share of pairs of a held-out image and a blend (α = ½) in which the image has fewer bits";

/** The claims about those norms and batches that were run, each decided by runs of one seed. */
export function claimsOf(all: readonly Runs[]): ClaimResult[] {
  const claims = new Comparison<Condition, Summary>(
    ([norm, batching]) => all.find((runs) => runs.norm === norm && runs.batching === batching)?.summaries,
  );
  const excessOf = (summary: Summary | undefined) => excess(summary!.running);
  const sortedBy = (summary: Summary | undefined) => summary!.running.sorted[HALF];

  claims.add(
    {
      id: "ln-tells-blends",
      statement:
        "Trained on one-class batches, the flow with layer norm gives blends less likelihood than images.",
      measure: `${LESS}, ln`,
      relation: "at least",
      bound: MARGIN,
    },
    [["ln", "label"]],
    excessOf,
  );
  claims.add(
    {
      id: "bn-does-not",
      statement: "Trained on one-class batches, the flow with batch norm does not tell them apart.",
      measure: `${LESS}, bn`,
      relation: "at most",
      bound: MARGIN,
    },
    [["bn", "label"]],
    excessOf,
  );
  claims.add(
    {
      id: "bn-does-not-by-batch",
      statement: "Nor does it with the statistics of the batch at hand: running statistics are not to blame.",
      measure: `${LESS}, bn, statistics of each batch`,
      relation: "at most",
      bound: MARGIN,
    },
    [["bn", "label"]],
    (bn) => excess(bn.batch),
  );
  claims.add(
    {
      id: "ln-tells-more",
      statement: "Layer norm tells blends from images by more than batch norm.",
      measure: `${LESS}: ln − bn`,
      relation: "at least",
      bound: MARGIN,
    },
    [
      ["ln", "label"],
      ["bn", "label"],
    ],
    (ln, bn) => excessOf(ln) - excessOf(bn),
  );
  claims.add(
    {
      id: "ln-sorts",
      statement: "By its likelihood, the flow with layer norm can sort images from blends.",
      measure: `${SHARE}, ln`,
      relation: "at least",
      bound: SORTED,
    },
    [["ln", "label"]],
    sortedBy,
  );
  claims.add(
    {
      id: "bn-does-not-sort",
      statement: "The flow with batch norm cannot.",
      measure: `${SHARE}, bn`,
      relation: "at most",
      bound: SORTED,
    },
    [["bn", "label"]],
    sortedBy,
  );
  claims.add(
    {
      id: "none-tells-blends",
      statement:
        "Without a norm the flow gives blends less likelihood, too: it is batch norm that hides them.",
      measure: `${LESS}, no norm`,
      relation: "at least",
      bound: MARGIN,
    },
    [["none", "label"]],
    excessOf,
  );
  claims.add(
    {
      id: "bn-shuffled-tells-blends",
      statement:
        "Trained on shuffled batches, the flow with batch norm gives blends less likelihood than images.",
      measure: `${LESS}, bn, shuffled batches`,
      relation: "at least",
      bound: MARGIN,
    },
    [["bn", "shuffled"]],
    excessOf,
  );
  return claims.decided;
}
