import { atLeast, atMost, type ClaimTable } from "../claims.js";
import { type Condition, excess, HALF, type Summary } from "./summary.js";

/** A difference in bits/dim that matters: 78 bits for an image of 28×28. */
const MARGIN = 0.1;

/**
 * A share of right answers that counts as telling apart: halfway between chance (0.5) and always
 * (1).
 */
const SORTED = 0.75;

const paper = "Zhou et al. 2024, likelihood of blended digits under RealNVP";
const here = "our own question";

const EXCESS = "bits/dim of held-out blends (α = ½) minus bits/dim of held-out images (α = 0, 1)";
const SHARE = "share of pairs of a held-out image and a blend (α = ½) in which the image has fewer bits";

const excessOf = ({ running }: Summary) => excess(running);
const sortedShareOf = ({ running }: Summary) => running.sorted[HALF];

const bn: Condition = { norm: "bn", batching: "label" };
const ln: Condition = { norm: "ln", batching: "label" };

/** Claims about the likelihood of blends. */
export const claims: ClaimTable<Condition, Summary> = [
  {
    id: "ln-tells-blends",
    statement: "Trained on one-class batches, the flow with layer norm finds blends less likely than images.",
    source: paper,
    measure: `${EXCESS}, ln`,
    ...atLeast(MARGIN),
    conditions: [ln],
    value: excessOf,
  },
  {
    id: "bn-does-not",
    statement: "Trained on one-class batches, the flow with batch norm finds blends as likely as images.",
    source: paper,
    measure: `${EXCESS}, bn`,
    ...atMost(MARGIN),
    conditions: [bn],
    value: excessOf,
  },
  {
    id: "bn-does-not-by-batch",
    statement:
      "With the statistics of each batch it also finds them as likely: running statistics are not the cause.",
    source: here,
    measure: `${EXCESS}, bn, statistics of each batch`,
    ...atMost(MARGIN),
    conditions: [bn],
    value: ({ batch }) => excess(batch),
  },
  {
    id: "ln-tells-more",
    statement: "Layer norm separates blends from images by more than batch norm.",
    source: paper,
    measure: `${EXCESS}: ln − bn`,
    ...atLeast(MARGIN),
    conditions: [ln, bn],
    value: (ln, bn) => excessOf(ln) - excessOf(bn),
  },
  {
    id: "ln-sorts",
    statement: "The likelihood of the flow with layer norm sorts images from blends.",
    source: here,
    measure: `${SHARE}, ln`,
    ...atLeast(SORTED),
    conditions: [ln],
    value: sortedShareOf,
  },
  {
    id: "bn-does-not-sort",
    statement: "The likelihood of the flow with batch norm does not sort images from blends.",
    source: here,
    measure: `${SHARE}, bn`,
    ...atMost(SORTED),
    conditions: [bn],
    value: sortedShareOf,
  },
  {
    id: "none-tells-blends",
    statement: "The flow without a norm finds blends less likely than images: batch norm is what hides them.",
    source: here,
    measure: `${EXCESS}, no norm`,
    ...atLeast(MARGIN),
    conditions: [{ norm: "none", batching: "label" }],
    value: excessOf,
  },
  {
    id: "bn-shuffled-tells-blends",
    statement: "Trained on shuffled batches, the flow with batch norm finds blends less likely than images.",
    source: here,
    measure: `${EXCESS}, bn, shuffled batches`,
    ...atLeast(MARGIN),
    conditions: [{ norm: "bn", batching: "shuffled" }],
    value: excessOf,
  },
];
