import { atLeast, atMost, type ClaimTable } from "../claims.js";
import type { Condition, Summary } from "./summary.js";

/** A difference in accuracy that matters. */
const MARGIN = 0.02;

const paper = "Zhou et al. 2024, figures of features from single-class batches";
const here = "our own question";

const probe = ({ quality }: Summary) => quality.probe;

/** Layer norm and batch norm, both trained on one-class batches. */
const onOneClass: readonly Condition[] = [
  { norm: "ln", batching: "label" },
  { norm: "bn", batching: "label" },
];

/** Claims about features. */
export const claims: ClaimTable<Condition, Summary> = [
  {
    id: "bn-learns-less",
    statement: "From one-class batches batch norm learns worse features than layer norm.",
    source: paper,
    measure: "linear probe accuracy, one-class batches: ln − bn",
    ...atLeast(MARGIN),
    conditions: onOneClass,
    value: (ln, bn) => probe(ln) - probe(bn),
  },
  {
    id: "bn-learns-less-below",
    statement: "The running statistics are not the cause: the inputs of the norm are worse, too.",
    source: here,
    measure: "linear probe accuracy of the inputs of the norm, one-class batches: ln − bn",
    ...atLeast(MARGIN),
    conditions: onOneClass,
    value: (ln, bn) => ln.quality.probeBelow - bn.quality.probeBelow,
  },
  {
    id: "bn-not-to-blame-when-shuffled",
    statement:
      "From shuffled batches batch norm learns features as good as layer norm: the batches make the difference.",
    source: paper,
    measure: "linear probe accuracy, shuffled batches: ln − bn",
    ...atMost(MARGIN),
    conditions: [
      { norm: "ln", batching: "shuffled" },
      { norm: "bn", batching: "shuffled" },
    ],
    value: (ln, bn) => probe(ln) - probe(bn),
  },
  {
    id: "ln-does-not-mind",
    statement: "Layer norm learns features as good from one-class batches as from shuffled batches.",
    source: paper,
    measure: "linear probe accuracy, ln: shuffled − one-class",
    ...atMost(MARGIN),
    conditions: [
      { norm: "ln", batching: "shuffled" },
      { norm: "ln", batching: "label" },
    ],
    value: (shuffled, label) => probe(shuffled) - probe(label),
  },
  {
    id: "bn-stays-mixed",
    statement:
      "From one-class batches the classes stay mixed under batch norm and separate under layer norm.",
    source: paper,
    measure: "between/within scatter of the features, one-class batches: ln / bn",
    ...atLeast(1.2),
    conditions: onOneClass,
    value: (ln, bn) => ln.quality.scatter / bn.quality.scatter,
  },
  {
    id: "bn-clusters-less",
    statement: "The silhouette of the classes shows the same: it is smaller under batch norm.",
    source: paper,
    measure: "silhouette of the features, one-class batches: ln − bn",
    ...atLeast(0.05),
    conditions: onOneClass,
    value: (ln, bn) => ln.quality.silhouette - bn.quality.silhouette,
  },
  {
    id: "detaching-is-no-cure",
    statement: "Detaching the statistics is no cure: it also learns worse features than layer norm.",
    source: here,
    measure: "linear probe accuracy, one-class batches: ln − detached",
    ...atLeast(MARGIN),
    conditions: [
      { norm: "ln", batching: "label" },
      { norm: "detached", batching: "label" },
    ],
    value: (ln, detached) => probe(ln) - probe(detached),
  },
];
