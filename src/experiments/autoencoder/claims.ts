import { meanOf } from "../../base/statistics.js";
import type { NormName } from "../../nn/index.js";
import { atLeast, atMost, type ClaimTable } from "../claims.js";
import { removedOverall, type Summary } from "./summary.js";

/**
 * The paper names reconstruction as a task whose samples share one loss formula; it trains no
 * autoencoder.
 */
const source = "our own question, from the corollary to Theorems 1 and 2 of Zhou et al. 2024";

/** Claims about reconstruction. A condition is a norm. */
export const claims: ClaimTable<NormName, Summary> = [
  {
    id: "bn-removes-most",
    statement: "When images are reconstructed, batch norm removes most of the gradient of the weights below.",
    source,
    measure: "removed, mean over training and over the norm layers, bn",
    ...atLeast(0.6),
    conditions: ["bn"],
    value: (bn) => removedOverall(bn),
  },
  {
    id: "energy-understates",
    statement: "The blocked share of the gradient energy stays small.",
    source,
    measure: "blocked share at the last norm of the decoder, mean over training, bn",
    ...atMost(0.05),
    conditions: ["bn"],
    value: ({ recorded }) => meanOf(recorded[recorded.length - 1].blocked.values),
  },
  {
    id: "bn-removes-more-than-ln",
    statement: "Layer norm removes less than batch norm.",
    source,
    measure: "removed, mean over training and over the norm layers: bn − ln",
    ...atLeast(0.2),
    conditions: ["bn", "ln"],
    value: (bn, ln) => removedOverall(bn) - removedOverall(ln),
  },
  {
    id: "bn-reconstructs-worse",
    statement: "Batch norm reconstructs worse than layer norm.",
    source,
    measure: "mean squared error on test images: bn / ln",
    ...atLeast(1.05),
    conditions: ["bn", "ln"],
    value: (bn, ln) => bn.error / ln.error,
  },
  {
    id: "bn-code-tells-less",
    statement:
      "The code learned with batch norm separates the classes less than the code learned with layer norm.",
    source,
    measure: "linear probe accuracy of the code: ln − bn",
    ...atLeast(0.02),
    conditions: ["ln", "bn"],
    value: (ln, bn) => ln.probe - bn.probe,
  },
  {
    id: "detaching-is-no-cure",
    statement: "Detaching the statistics is no cure: it reconstructs worse than layer norm.",
    source,
    measure: "mean squared error on test images: detached / ln",
    ...atLeast(1.05),
    conditions: ["detached", "ln"],
    value: (detached, ln) => detached.error / ln.error,
  },
];
