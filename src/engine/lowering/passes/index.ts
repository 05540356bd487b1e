import type { Graph } from "../../graph/graph.js";
import type { Optimizations } from "../optimizations.js";
import { mergeLinearForms } from "./linear-forms.js";
import { multiplyMasks } from "./masks.js";
import { releasePromptly } from "./prompt-release.js";
import { multiplyRowSums } from "./row-sums.js";

/** A step that rewrites a graph. The results of the graph stay the same within rounding. */
export interface Pass {
  readonly name: string;
  /** Whether the pass is applied with these optimizations. */
  readonly on: (optimizations: Optimizations) => boolean;
  readonly apply: (graph: Graph, optimizations: Optimizations) => Graph;
}

/** All passes, in the order in which they are applied. */
export const passes: readonly Pass[] = [
  { name: "masks", on: ({ masks }) => masks, apply: multiplyMasks },
  { name: "linear forms", on: ({ linearForms }) => linearForms, apply: mergeLinearForms },
  { name: "row sums", on: ({ rowSums }) => rowSums, apply: multiplyRowSums },
  { name: "prompt release", on: ({ promptRelease }) => promptRelease, apply: releasePromptly },
];
