import type { GraphBuilder } from "../../../graph/graph.js";
import { dtypeOf } from "../../../graph/view.js";
import type { Rule } from "../rule.js";
import { channelsLast, SHORT_ROW } from "./channels-last.js";
import { applyFactor, factorKernel } from "./constant-kernel.js";
import {
  type Convolution,
  hasDilatedInput,
  hasMoreOffsetsThanPositions,
  isWeightGradient,
  type Lowering,
  rolesOf,
  storedKernel,
} from "./convolution.js";
import { depthwise, isDepthwise } from "./depthwise.js";
import { dilatedInput } from "./dilated-input.js";
import { fewOutputs, hasFewOutputs } from "./few-outputs.js";
import { columnsByOffset, columnsByPosition } from "./im2col.js";
import { chooseKernelInPlace } from "./kernel-in-place.js";
import { fitsConvTranspose, onnxConv, onnxConvTranspose } from "./onnx-operators.js";
import { weightGradient } from "./weight-gradient.js";
import { isWinograd, isWinogradGradient, winograd, winogradGradient } from "./winograd/winograd.js";

const conv: Rule<"conv"> = (g, [x, w], params, [result]) => {
  const factored = g.optimizations.constantKernels && factorKernel(g, x, w, params);
  if (factored) {
    const { dtype, shape } = result;
    const one = { dtype, shape: shape.with(params.vmapDims + 1, 1) };
    const [sums] = conv(g, [factored.x, factored.w], params, [one]);
    return [applyFactor(g, sums, factored.factor, params)];
  }
  const roles = rolesOf(x, w, params.vmapDims);
  const c: Convolution = { ...params, x, w, result, roles };
  const lowering = fastLowering(g, c) ?? plainLowering(g, c);
  return [lowering(g, c)];
};

/**
 * The fastest lowering that applies, of those that store images channels last; undefined where none
 * does.
 */
function fastLowering(g: GraphBuilder, c: Convolution): Lowering | undefined {
  const { optimizations } = g;
  if (isDepthwise(g, c)) return depthwise;
  const { groups, spatial } = c.roles;
  const asRows = optimizations.rows && groups.length === 0 && spatial.length > 0;
  const inPlace = asRows ? chooseKernelInPlace(g, c) : undefined;
  if (inPlace !== undefined) return inPlace;
  const isBackward = isWeightGradient(c) || storedKernel(g, c).reversed;
  if (isBackward ? optimizations.winogradGradients : optimizations.winograd) {
    if (isWinograd(c)) return winograd;
    if (isWinogradGradient(c)) return winogradGradient;
  }
  if (!asRows) return undefined;
  if (hasFewOutputs(c)) return fewOutputs;
  if (isWeightGradient(c)) return weightGradient;
  return hasDilatedInput(c) && c.x.shape[c.roles.channel] >= SHORT_ROW ? dilatedInput : channelsLast;
}

/**
 * ONNX's own operator where ONNX Runtime has a fast one, else im2col. ONNX Runtime convolves
 * float32 only. Its Conv takes about twice as long as a matrix product where the kernel is larger
 * than the result.
 */
function plainLowering({ optimizations }: GraphBuilder, c: Convolution): Lowering {
  const rank = c.roles.spatial.length;
  if (optimizations.columns && hasMoreOffsetsThanPositions(c)) return columnsByPosition;
  if (dtypeOf(c.x) !== "float32" || rank === 0 || rank > 3) return columnsByOffset;
  if (c.lhsDilation.every((d) => d === 1)) return onnxConv;
  return fitsConvTranspose(c) ? onnxConvTranspose : columnsByOffset;
}

export const convRules = { conv } satisfies { [P in "conv"]: Rule<P> };
