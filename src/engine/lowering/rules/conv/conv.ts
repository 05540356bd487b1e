import type { GraphBuilder } from "../../../graph/graph.js";
import { dtypeOf, type View } from "../../../graph/view.js";
import type { Rule } from "../rule.js";
import { columnsPerPosition, columnsPerTap } from "./columns.js";
import { factorKernel, unfactored } from "./constant-kernel.js";
import { type Convolution, isWeightGradient, rolesOf, storedKernel, sumsOverSamples } from "./convolution.js";
import { depthwise, isDepthwise } from "./depthwise.js";
import { fewOutputs, hasFewOutputs } from "./few-outputs.js";
import { direct, scatters, transposed } from "./operators.js";
import { isDilated, phases } from "./phases.js";
import { rows, SHORT_ROW } from "./rows.js";
import { rowsOfGradient } from "./rows-of-gradient.js";
import { stationary } from "./stationary.js";
import { isWinograd, isWinogradGradient, winograd, winogradOfGradient } from "./winograd.js";

const conv: Rule<"conv"> = (g, [x, w], params, [result]) => {
  const factored = g.optimizations.constantKernels && factorKernel(g, x, w, params);
  if (factored) {
    const { dtype, shape } = result;
    const one = { dtype, shape: shape.with(params.vmapDims + 1, 1) };
    const [sums] = conv(g, [factored.x, factored.w], params, [one]);
    return [unfactored(g, sums, factored.factor, params)];
  }
  const roles = rolesOf(x, w, params.vmapDims);
  const c: Convolution = { ...params, x: x, w: w, result: result, roles };
  return [lowering(g, c)(g, c)];
};

type Lowering = (g: GraphBuilder, c: Convolution) => View;

/** Which way to compute it. */
function lowering(g: GraphBuilder, c: Convolution): Lowering {
  return fast(g, c) ?? plain(g, c);
}

/** A way that stores channels last; undefined where none applies. */
function fast(g: GraphBuilder, c: Convolution): Lowering | undefined {
  const { optimizations } = g;
  if (isDepthwise(g, c)) return depthwise;
  const { groups, spatial } = c.roles;
  const asRows = optimizations.rows && groups.length === 0 && spatial.length > 0;
  const inPlace = asRows ? stationary(g, c) : undefined;
  if (inPlace !== undefined) return inPlace;
  const backwards = sumsOverSamples(c) || storedKernel(g, c).reversed;
  if (backwards ? optimizations.winogradGradients : optimizations.winograd) {
    if (isWinograd(c)) return winograd;
    if (isWinogradGradient(c)) return winogradOfGradient;
  }
  if (!asRows) return undefined;
  if (hasFewOutputs(c)) return fewOutputs;
  if (sumsOverSamples(c)) return rowsOfGradient;
  return isDilated(c) && c.x.shape[c.roles.channel] >= SHORT_ROW ? phases : rows;
}

/**
 * ONNX Runtime has its own convolutions in float32 only, and its Conv is about half as fast as a matrix product where
 * the kernel is larger than the result.
 */
function plain({ optimizations }: GraphBuilder, c: Convolution): Lowering {
  const rank = c.roles.spatial.length;
  if (optimizations.columns && isWeightGradient(c)) return columnsPerPosition;
  if (dtypeOf(c.x) !== "float32" || rank === 0 || rank > 3) return columnsPerTap;
  if (c.lhsDilation.every((d) => d === 1)) return direct;
  return scatters(c) ? transposed : columnsPerTap;
}

export const convRules = { conv } satisfies { [P in "conv"]: Rule<P> };
