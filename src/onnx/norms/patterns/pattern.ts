import type { GraphIndex } from "../../graph-index.js";
import type { OnnxNode } from "../../model.js";
import type { AffineOperand, OwnDeviation, StatisticsAxes } from "../statistics.js";

/** A way to write a normalization as several nodes. */
export interface NodePattern {
  /** Operators of the node that `match` starts from. */
  readonly startsAt: readonly string[];
  /**
   * @param node - A node of one of the operators in `startsAt`.
   * @param index - The graph around the node.
   * @returns The normalization that `node` and its neighbours compute together, or null.
   */
  match(node: OnnxNode, index: GraphIndex): PatternMatch | null;
}

/** A normalization that several nodes compute together. */
export interface PatternMatch {
  readonly statistics: StatisticsAxes;
  /** ε, added to the variance. */
  readonly epsilon: number;
  /** How σ differs from √(v + ε); null where it does not. */
  readonly deviation: OwnDeviation | null;
  /** Name of the value that enters the standardization. */
  readonly input: string;
  /** Name of the value after the affine phase. */
  readonly output: string;
  readonly scale: AffineOperand | null;
  readonly bias: AffineOperand | null;
  /** All nodes of the normalization, in file order; the last one writes `output`. */
  readonly nodes: readonly OnnxNode[];
}
