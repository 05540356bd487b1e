import type { GraphIndex } from "../../graph-index.js";
import type { OnnxNode } from "../../model.js";
import type { StatisticsAxes } from "../statistics.js";
import { affinePhaseAfter } from "./affine.js";
import {
  deviationFromMean,
  meanAxes,
  plusConstant,
  rootQuotient,
  sameValue,
  squareOf,
} from "./arithmetic.js";
import type { NodePattern, PatternMatch } from "./pattern.js";

/** Which standardizations a pattern accepts. */
export interface StandardizationForm {
  /** True: (x − mean x)/√(mean((x − mean x)²) + ε). False: x/√(mean x² + ε). */
  readonly subtractsMean: boolean;
  /** Whether statistics over these axes belong to the kind. Sorted, as written in the file. */
  over(axes: readonly number[]): boolean;
}

/**
 * A standardization written out in arithmetic nodes, and the Mul and Add of its affine phase.
 * PyTorch writes layer normalization this way before opset 17; models with RMS normalization often
 * do.
 */
export const standardizationByHand = ({ subtractsMean, over }: StandardizationForm): NodePattern => ({
  startsAt: ["Div", "Mul"],
  match(node, index) {
    const found = standardizationAt(node, index);
    return found && found.subtractsMean === subtractsMean && over(found.axes) ? found.match : null;
  },
});

/** The standardization whose last node, the division by σ, is `node`. */
function standardizationAt(
  node: OnnxNode,
  index: GraphIndex,
): { subtractsMean: boolean; axes: readonly number[]; match: PatternMatch } | null {
  const quotient = rootQuotient(node, index);
  const shifted = quotient && plusConstant(quotient.radicand, index);
  if (!quotient || !shifted) return null;
  const variance = index.writer(shifted.value);
  if (variance?.op !== "ReduceMean") return null;
  const axes = meanAxes(variance, index);
  const squared = axes && squareOf(variance.inputs[0], index);
  if (!axes || !squared) return null;

  // Exporters compute x − mean x once for the numerator and once for the variance, or share it.
  const numerator = deviationFromMean(quotient.numerator, axes, index);
  const inVariance = deviationFromMean(squared.value, axes, index);
  const subtractsMean =
    numerator !== null && inVariance !== null && sameValue(numerator.input, inVariance.input, index);
  if (!subtractsMean && !sameValue(quotient.numerator, squared.value, index)) return null;

  const affine = affinePhaseAfter(node.outputs[0], index);
  const match: PatternMatch = {
    ...affine,
    statistics: statisticsOver(axes),
    epsilon: shifted.constant,
    input: subtractsMean ? numerator.input : quotient.numerator,
    nodes: inFileOrder(index, [
      ...(subtractsMean ? [...numerator.nodes, ...inVariance.nodes] : []),
      ...squared.nodes,
      variance,
      ...shifted.nodes,
      ...quotient.nodes,
      ...affine.nodes,
    ]),
  };
  return { subtractsMean, axes, match };
}

/** Axes that are the last ones of x as "trailing"; any others as the list. */
function statisticsOver(axes: readonly number[]): StatisticsAxes {
  const trailing = axes.every((a, i) => a === i - axes.length);
  return trailing ? { over: "trailing", axis: axes[0] } : { over: "axes", axes };
}

function inFileOrder(index: GraphIndex, nodes: readonly OnnxNode[]): OnnxNode[] {
  const members = new Set(nodes);
  return index.graph.nodes.filter((n) => members.has(n));
}
