import type { Batching } from "../../datasets/index.js";
import type { NormName } from "../../nn/index.js";
import type { Claim, ClaimResult } from "../result.js";
import { decide } from "../statistics.js";
import { type Course, excess, HALF, type Runs, type Summary } from "./summary.js";

/** A difference in bits/dim that matters: 78 bits for an image of 28×28. */
const MARGIN = 0.1;

/** A share of right answers that counts as telling apart, halfway from chance to always. */
const SORTED = 0.75;

const LESS = "bits/dim of held-out blends (α = ½) less that of held-out images (α = 0, 1)";
const SHARE = "share of pairs of a held-out image and a blend (α = ½) in which the image has fewer bits";

/** The claims about those norms and batches that were run. */
export function claimsOf(all: readonly Runs[]): ClaimResult[] {
  const decided: ClaimResult[] = [];
  const find = (norm: NormName, batching: Batching) =>
    all.find((runs) => runs.norm === norm && runs.batching === batching)?.summaries;
  const claim = (norm: NormName, batching: Batching, of: (summary: Summary) => number, about: Claim) => {
    const summaries = find(norm, batching);
    if (summaries) decided.push(decide(about, summaries.map(of)));
  };
  const half = ({ sorted }: Course) => sorted[HALF]!;

  claim("ln", "label", ({ running }) => excess(running), {
    id: "ln-tells-blends",
    statement:
      "Trained on one-class batches, the flow with layer norm gives blends less likelihood than images.",
    measure: `${LESS}, ln`,
    relation: "at least",
    bound: MARGIN,
  });
  claim("bn", "label", ({ running }) => excess(running), {
    id: "bn-does-not",
    statement: "Trained on one-class batches, the flow with batch norm does not tell them apart.",
    measure: `${LESS}, bn`,
    relation: "at most",
    bound: MARGIN,
  });
  claim("bn", "label", ({ batch }) => excess(batch), {
    id: "bn-does-not-by-batch",
    statement: "Nor does it with the statistics of the batch at hand: running statistics are not to blame.",
    measure: `${LESS}, bn, statistics of each batch`,
    relation: "at most",
    bound: MARGIN,
  });
  const [ln, bn] = [find("ln", "label"), find("bn", "label")];
  if (ln && bn)
    decided.push(
      decide(
        {
          id: "ln-tells-more",
          statement: "Layer norm tells blends from images by more than batch norm.",
          measure: `${LESS}: ln − bn`,
          relation: "at least",
          bound: MARGIN,
        },
        ln.map(({ running }, i) => excess(running) - excess(bn[i]!.running)),
      ),
    );
  claim("ln", "label", ({ running }) => half(running), {
    id: "ln-sorts",
    statement: "By its likelihood, the flow with layer norm can sort images from blends.",
    measure: `${SHARE}, ln`,
    relation: "at least",
    bound: SORTED,
  });
  claim("bn", "label", ({ running }) => half(running), {
    id: "bn-does-not-sort",
    statement: "The flow with batch norm cannot.",
    measure: `${SHARE}, bn`,
    relation: "at most",
    bound: SORTED,
  });
  claim("none", "label", ({ running }) => excess(running), {
    id: "none-tells-blends",
    statement: "Without a norm the flow gives blends less likelihood, too: it is batch norm that hides them.",
    measure: `${LESS}, no norm`,
    relation: "at least",
    bound: MARGIN,
  });
  claim("bn", "shuffled", ({ running }) => excess(running), {
    id: "bn-shuffled-tells-blends",
    statement:
      "Trained on shuffled batches, the flow with batch norm gives blends less likelihood than images.",
    measure: `${LESS}, bn, shuffled batches`,
    relation: "at least",
    bound: MARGIN,
  });
  return decided;
}
