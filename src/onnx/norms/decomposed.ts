import type { GraphIndex } from "../graph-index.js";
import type { OnnxNode } from "../model.js";
import type { AffineOperand, NormKind, NormMatch, NormSpec, Statistics } from "./spec.js";

/**
 * Group normalization as PyTorch exports it: Reshape to [N, groups, …], InstanceNormalization with scale 1
 * and bias 0, Reshape back, then Mul and Add per channel.
 */
export function matchGroupNorm(node: OnnxNode, index: GraphIndex): NormMatch | null {
  if (node.op !== "InstanceNormalization") return null;
  const split = index.writer(node.inputs[0]);
  const join = index.onlyReader(node.outputs[0]);
  if (split?.op !== "Reshape" || join?.op !== "Reshape" || join.inputs[0] !== node.outputs[0]) return null;
  const scale = index.numbers(node.inputs[1]);
  const bias = index.numbers(node.inputs[2]);
  const target = index.numbers(split.inputs[1]);
  if (!scale?.every((v) => v === 1) || !bias?.every((v) => v === 0)) return null;
  if (target?.length !== 3 || target[1] !== scale.length) return null;

  const affine = followAffine(join.outputs[0], index);
  return {
    op: "GroupNormalization (decomposed)",
    mode: "training",
    kind: "group",
    statistics: { over: "groups", groups: scale.length },
    centred: true,
    epsilon: node.attributes.number("epsilon", 1e-5),
    input: split.inputs[0],
    ...affine,
    nodes: [split, node, join, ...affine.nodes],
  };
}

/**
 * (x − mean x)/√(mean((x − mean x)²) + ε), or x/√(mean x² + ε), then Mul and Add: what PyTorch writes for
 * layer normalization before opset 17, and people for RMS normalization. `node` is the division.
 */
export function matchStandardization(node: OnnxNode, index: GraphIndex): NormMatch | null {
  const quotient = rootQuotient(node, index);
  const shifted = quotient && plusConstant(quotient.radicand, index);
  const variance = shifted && index.writer(shifted.value);
  const axes = variance?.op === "ReduceMean" ? reducedAxes(variance, index) : null;
  const squared = axes && squareOf(variance!.inputs[0], index);
  if (!quotient || !shifted || !variance || !axes || !squared) return null;

  const deviation = meanDeviation(quotient.numerator, axes, index);
  const again = meanDeviation(squared.value, axes, index);
  const centred = deviation !== null && again !== null && sameValue(deviation.input, again.input, index);
  if (!centred && !sameValue(quotient.numerator, squared.value, index)) return null;

  const affine = followAffine(node.outputs[0], index);
  const kind = kindOf(centred, axes);
  return {
    op: `${opNames[kind]} (decomposed)`,
    mode: "training",
    kind,
    statistics: statisticsOf(axes),
    centred,
    epsilon: shifted.constant,
    input: centred ? deviation.input : quotient.numerator,
    ...affine,
    nodes: inFileOrder(index, [
      ...(centred ? [...deviation.nodes, ...again.nodes] : []),
      ...squared.nodes,
      variance,
      ...shifted.nodes,
      ...quotient.nodes,
      ...affine.nodes,
    ]),
  };
}

const opNames: Readonly<Record<NormKind, string>> = {
  batch: "BatchNormalization",
  layer: "LayerNormalization",
  instance: "InstanceNormalization",
  group: "GroupNormalization",
  rms: "RMSNormalization",
};

/** Statistics over the batch axis are batch normalization by hand; all others belong to one sample. */
function kindOf(centred: boolean, axes: readonly number[]): NormKind {
  if (!centred) return "rms";
  return axes.includes(0) ? "batch" : "layer";
}

function statisticsOf(axes: readonly number[]): Statistics {
  const sorted = [...axes].sort((a, b) => a - b);
  const trailing = sorted.every((a, i) => a === i - sorted.length);
  return trailing ? { over: "trailing", axis: sorted[0] } : { over: "axes", axes: sorted };
}

const inFileOrder = (index: GraphIndex, nodes: readonly OnnxNode[]): OnnxNode[] => {
  const members = new Set(nodes);
  return index.graph.nodes.filter((n) => members.has(n));
};

const sameValue = (a: string, b: string, index: GraphIndex): boolean =>
  a === b || index.source(a, castOnly) === index.source(b, castOnly);

const castOnly: ReadonlySet<string> = new Set(["Cast", "Identity"]);

interface Part {
  readonly nodes: readonly OnnxNode[];
}

/** a/√r, written as Div by Sqrt, or as Mul by the reciprocal of a root or by a power. */
function rootQuotient(
  node: OnnxNode,
  index: GraphIndex,
): (Part & { numerator: string; radicand: string }) | null {
  const [a, b] = node.inputs as [string, string];
  if (node.op === "Div") {
    const root = rootOf(b, index);
    return root && { numerator: a, radicand: root.radicand, nodes: [...root.nodes, node] };
  }
  if (node.op !== "Mul") return null;
  for (const [numerator, factor] of [
    [a, b],
    [b, a],
  ] as const) {
    const inverse = inverseRootOf(factor, index);
    if (inverse) return { numerator, radicand: inverse.radicand, nodes: [...inverse.nodes, node] };
  }
  return null;
}

function rootOf(value: string, index: GraphIndex): (Part & { radicand: string }) | null {
  const node = index.writer(value);
  if (node?.op === "Sqrt") return { radicand: node.inputs[0], nodes: [node] };
  if (node?.op === "Pow" && index.scalar(node.inputs[1]) === 0.5)
    return { radicand: node.inputs[0], nodes: [node] };
  return null;
}

function inverseRootOf(value: string, index: GraphIndex): (Part & { radicand: string }) | null {
  const node = index.writer(value);
  if (node?.op === "Pow" && index.scalar(node.inputs[1]) === -0.5)
    return { radicand: node.inputs[0], nodes: [node] };
  const inverted =
    node?.op === "Reciprocal"
      ? node.inputs[0]
      : node?.op === "Div" && index.scalar(node.inputs[0]) === 1
        ? node.inputs[1]
        : null;
  const root = inverted === null ? null : rootOf(inverted, index);
  return root && { radicand: root.radicand, nodes: [...root.nodes, node!] };
}

/** value = other + constant, in either order. */
function plusConstant(value: string, index: GraphIndex): (Part & { value: string; constant: number }) | null {
  const node = index.writer(value);
  if (node?.op !== "Add") return null;
  const [a, b] = node.inputs as [string, string];
  const right = index.scalar(b);
  if (right !== undefined) return { value: a, constant: right, nodes: [node] };
  const left = index.scalar(a);
  return left === undefined ? null : { value: b, constant: left, nodes: [node] };
}

function squareOf(value: string, index: GraphIndex): (Part & { value: string }) | null {
  const node = index.writer(value);
  const isSquare =
    (node?.op === "Pow" && index.scalar(node.inputs[1]) === 2) ||
    (node?.op === "Mul" && node.inputs[0] === node.inputs[1]);
  return isSquare ? { value: node.inputs[0], nodes: [node] } : null;
}

/** value = x − mean(x) over `axes`. */
function meanDeviation(
  value: string,
  axes: readonly number[],
  index: GraphIndex,
): (Part & { input: string }) | null {
  const node = index.writer(index.source(value, castOnly));
  if (node?.op !== "Sub") return null;
  const mean = index.writer(node.inputs[1]);
  if (mean?.op !== "ReduceMean" || reducedAxes(mean, index)?.join() !== axes.join()) return null;
  if (!sameValue(mean.inputs[0], node.inputs[0], index)) return null;
  return { input: node.inputs[0], nodes: [mean, node] };
}

/** Axes of a ReduceMean that keeps them, sorted; an attribute before opset 18, an input since. */
function reducedAxes(node: OnnxNode, index: GraphIndex): readonly number[] | null {
  if (node.attributes.number("keepdims", 1) !== 1) return null;
  const axes =
    node.attributes.numbers("axes") ?? (node.inputs[1] ? index.numbers(node.inputs[1]) : undefined);
  return axes?.length ? [...axes].sort((a, b) => a - b) : null;
}

/** A product with, and then a sum with, values that do not depend on the data: the affine phase. */
function followAffine(
  standardized: string,
  index: GraphIndex,
): Pick<NormSpec, "output" | "scale" | "bias"> & Part {
  const step = (value: string, op: string): { operand: AffineOperand; node: OnnxNode } | null => {
    const node = index.onlyReader(value);
    if (node?.op !== op) return null;
    const other = node.inputs[node.inputs[0] === value ? 1 : 0];
    return other === value || index.dependsOnData(other)
      ? null
      : { operand: { value: other, per: "element" }, node };
  };
  const scale = step(standardized, "Mul");
  const scaled = scale?.node.outputs[0] ?? standardized;
  const bias = step(scaled, "Add");
  return {
    output: bias?.node.outputs[0] ?? scaled,
    scale: scale?.operand ?? null,
    bias: bias?.operand ?? null,
    nodes: [...(scale ? [scale.node] : []), ...(bias ? [bias.node] : [])],
  };
}
