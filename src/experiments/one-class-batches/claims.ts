import { Comparison } from "../comparison.js";
import type { ClaimResult } from "../result.js";
import type { Runs, Summary } from "./summary.js";

/** A difference of accuracy that matters. */
const MARGIN = 0.02;

/** The claims about those norms that were run, each decided by differences between runs of one seed. */
export function claimsOf(all: readonly Runs[]): ClaimResult[] {
  const claims = new Comparison<Pick<Runs, "norm" | "batching">, Summary>(
    ({ norm, batching }) => all.find((r) => r.norm === norm && r.batching === batching)?.summaries,
  );
  const probe = ({ quality }: Summary) => quality.probe;

  claims.add(
    {
      id: "bn-learns-less",
      statement: "From one-class batches batch norm learns worse features than layer norm.",
      measure: "linear probe accuracy, one-class batches: ln − bn",
      relation: "at least",
      bound: MARGIN,
    },
    [
      { norm: "ln", batching: "label" },
      { norm: "bn", batching: "label" },
    ],
    (ln, bn) => probe(ln) - probe(bn),
  );
  claims.add(
    {
      id: "bn-learns-less-below",
      statement: "Its running statistics are not to blame: what enters the norm is worse already.",
      measure: "linear probe accuracy of what enters the norm, one-class batches: ln − bn",
      relation: "at least",
      bound: MARGIN,
    },
    [
      { norm: "ln", batching: "label" },
      { norm: "bn", batching: "label" },
    ],
    (ln, bn) => ln.quality.probeBelow - bn.quality.probeBelow,
  );
  claims.add(
    {
      id: "bn-not-to-blame-when-shuffled",
      statement: "From shuffled batches it does not: the batches make the difference.",
      measure: "linear probe accuracy, shuffled batches: ln − bn",
      relation: "at most",
      bound: MARGIN,
    },
    [
      { norm: "ln", batching: "shuffled" },
      { norm: "bn", batching: "shuffled" },
    ],
    (ln, bn) => probe(ln) - probe(bn),
  );
  claims.add(
    {
      id: "ln-does-not-mind",
      statement: "Layer norm learns as good features from one-class batches as from shuffled ones.",
      measure: "linear probe accuracy, ln: shuffled − one-class",
      relation: "at most",
      bound: MARGIN,
    },
    [
      { norm: "ln", batching: "shuffled" },
      { norm: "ln", batching: "label" },
    ],
    (shuffled, label) => probe(shuffled) - probe(label),
  );
  claims.add(
    {
      id: "bn-stays-mixed",
      statement: "From one-class batches batch norm's classes stay mixed where layer norm's separate.",
      measure: "between/within scatter of the features, one-class batches: ln / bn",
      relation: "at least",
      bound: 1.2,
    },
    [
      { norm: "ln", batching: "label" },
      { norm: "bn", batching: "label" },
    ],
    (ln, bn) => ln.quality.scatter / bn.quality.scatter,
  );
  claims.add(
    {
      id: "bn-clusters-less",
      statement: "The same by the silhouette of the classes.",
      measure: "silhouette of the features, one-class batches: ln − bn",
      relation: "at least",
      bound: 0.05,
    },
    [
      { norm: "ln", batching: "label" },
      { norm: "bn", batching: "label" },
    ],
    (ln, bn) => ln.quality.silhouette - bn.quality.silhouette,
  );
  claims.add(
    {
      id: "detaching-is-no-cure",
      statement: "Detaching the statistics is no cure: it learns worse features than layer norm, too.",
      measure: "linear probe accuracy, one-class batches: ln − detached",
      relation: "at least",
      bound: MARGIN,
    },
    [
      { norm: "ln", batching: "label" },
      { norm: "detached", batching: "label" },
    ],
    (ln, detached) => probe(ln) - probe(detached),
  );
  return claims.decided;
}
