import { atLeast, atMost, type ClaimTable } from "../claims.js";
import { averageOf, type Condition, layersOf, type RecordedQuantity, type Summary } from "./summary.js";

/**
 * The corollary names GANs as a task whose batches share a loss formula; the paper trains no GAN.
 */
const source = "our own question, from the corollary to Theorems 1 and 2 of Zhou et al. 2024";

/** A quantity at the last norm of the discriminator, mean over training. */
function atLastNorm(summary: Summary, quantity: RecordedQuantity): number {
  const layers = layersOf(summary);
  return averageOf(summary, layers[layers.length - 1], quantity);
}

const bnSeparate: Condition = { norm: "bn", arrangement: "separate" };
const bnMixed: Condition = { norm: "bn", arrangement: "mixed" };
const lnSeparate: Condition = { norm: "ln", arrangement: "separate" };
const lnMixed: Condition = { norm: "ln", arrangement: "mixed" };

/** Claims about the discriminator. */
export const claims: ClaimTable<Condition, Summary> = [
  {
    id: "bn-separate-blocks-more",
    statement:
      "All-real and all-fake batches hide more from a discriminator with batch norm than mixed batches do.",
    source,
    measure: "blocked share at its last norm, mean over training, bn: separate / mixed",
    ...atLeast(2),
    conditions: [bnSeparate, bnMixed],
    value: (separate, mixed) => atLastNorm(separate, "blocked") / atLastNorm(mixed, "blocked"),
  },
  {
    id: "bn-separate-removes-more",
    statement: "All-real and all-fake batches remove more from the weights below that norm.",
    source,
    measure: "removed at its last norm, mean over training, bn: separate − mixed",
    ...atLeast(0.1),
    conditions: [bnSeparate, bnMixed],
    value: (separate, mixed) => atLastNorm(separate, "removed") - atLastNorm(mixed, "removed"),
  },
  {
    id: "bn-separate-is-dim",
    statement: "With all-real and all-fake batches, these weights miss most of their gradient.",
    source,
    measure: "removed at its last norm, mean over training, bn with separate batches",
    ...atLeast(0.6),
    conditions: [bnSeparate],
    value: (separate) => atLastNorm(separate, "removed"),
  },
  {
    id: "ln-does-not-mind",
    statement: "Layer norm removes as much with one arrangement of batches as with the other.",
    source,
    measure: "removed at its last norm, mean over training, ln: |separate − mixed|",
    ...atMost(0.1),
    conditions: [lnSeparate, lnMixed],
    value: (separate, mixed) => Math.abs(atLastNorm(separate, "removed") - atLastNorm(mixed, "removed")),
  },
  {
    id: "bn-removes-more-than-ln",
    statement: "With all-real and all-fake batches, batch norm hides more than layer norm.",
    source,
    measure: "removed at the last norm, mean over training, separate batches: bn − ln",
    ...atLeast(0.2),
    conditions: [bnSeparate, lnSeparate],
    value: (bn, ln) => atLastNorm(bn, "removed") - atLastNorm(ln, "removed"),
  },
  {
    id: "separate-costs-features",
    statement:
      "All-real and all-fake batches give a discriminator with batch norm worse features than mixed batches do.",
    source,
    measure: "linear probe accuracy of its last features, bn: mixed − separate",
    ...atLeast(0.02),
    conditions: [bnMixed, bnSeparate],
    value: (mixed, separate) => mixed.probe - separate.probe,
  },
];
