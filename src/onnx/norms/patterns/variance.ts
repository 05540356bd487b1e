import type { GraphIndex } from "../../graph-index.js";
import type { OnnxNode } from "../../model.js";
import type { Factor, OwnDeviation } from "../statistics.js";

/** √(variance of x + ε), or its reciprocal, as nodes. */
export interface RootOfVariance {
  /** Name of the value that holds σ, or 1/σ. */
  readonly value: string;
  readonly isInverse: boolean;
  /** Name of x. */
  readonly input: string;
  /** The values that hold the mean of x, and the nodes of each. Empty where none is subtracted. */
  readonly means: ReadonlyMap<string, readonly OnnxNode[]>;
  readonly subtractsMean: boolean;
  /** The axes of the statistics, sorted, as written in the file. */
  readonly axes: readonly number[];
  readonly epsilon: number;
  /** How σ differs from √(v + ε); null where it does not. */
  readonly deviation: OwnDeviation | null;
  readonly nodes: readonly OnnxNode[];
}

/** Whether a Pow takes 1/√. */
const isInverseRoot = (node: OnnxNode, index: GraphIndex): boolean =>
  node.op === "Pow" && index.scalar(node.inputs[1]) === -0.5;

/**
 * Recognizes σ at the node that takes the root: Sqrt, or Pow with ±0.5. ε may be added before or
 * after the root, or bound the variance from below. Returns null for other roots.
 */
export function rootOfVariance(node: OnnxNode, index: GraphIndex): RootOfVariance | null {
  const isInverse = isInverseRoot(node, index);
  if (node.op === "Pow" && !isInverse && index.scalar(node.inputs[1]) !== 0.5) return null;
  const inside = withEpsilon(node.inputs[0], index);
  const variance = varianceOf(inside.value, index);
  if (!variance) return null;
  const own = [...variance.nodes, ...inside.nodes, node];
  const { input, means, axes, factor, mean, subtractsMean } = variance;
  const found = { input, means, axes, subtractsMean, isInverse };
  const [value] = node.outputs;
  const outside = inside.epsilon === 0 && !isInverse ? addedAfter(value, index) : null;
  if (outside)
    return {
      ...found,
      value: outside.value,
      epsilon: outside.epsilon,
      deviation: { epsilon: "outside", factor, mean },
      nodes: [...own, ...outside.nodes],
    };
  const isStandard = !inside.bounds && isOne(factor) && isOne(mean);
  return {
    ...found,
    value,
    epsilon: inside.epsilon,
    deviation: isStandard ? null : { epsilon: inside.bounds ? "floor" : "inside", factor, mean },
    nodes: own,
  };
}

const isOne = ({ summed, times, over }: Factor): boolean => !summed && times.length + over.length === 0;

/** A variance with ε: variance + ε, max(variance, ε), or the variance alone. */
function withEpsilon(value: string, index: GraphIndex) {
  const node = index.writer(value);
  const constant = (name: string | undefined) => (name ? index.scalar(name) : undefined);
  if (node?.op === "Add" || node?.op === "Max") {
    const [a, b] = node.inputs as [string, string];
    const [other, epsilon] =
      constant(b) !== undefined ? [a, constant(b)] : constant(a) !== undefined ? [b, constant(a)] : [];
    if (other !== undefined && epsilon !== undefined && epsilon >= 0 && node.inputs.length === 2)
      return { value: other, epsilon, bounds: node.op === "Max" && epsilon > 0, nodes: [node] };
  }
  const low = node?.op === "Clip" ? lowerBound(node, index) : undefined;
  if (node && low !== undefined && low > 0)
    return { value: node.inputs[0], epsilon: low, bounds: true, nodes: [node] };
  return { value, epsilon: 0, bounds: false, nodes: [] };
}

const lowerBound = (node: OnnxNode, index: GraphIndex): number | undefined =>
  node.attributes.get("number", "min") ?? (node.inputs[1] ? index.scalar(node.inputs[1]) : undefined);

/** σ + ε, where that is all that reads σ. */
function addedAfter(value: string, index: GraphIndex) {
  const node = index.onlyReader(value);
  if (node?.op !== "Add") return null;
  const epsilon = index.scalar(node.inputs[node.inputs[0] === value ? 1 : 0]);
  return epsilon === undefined ? null : { value: node.outputs[0], epsilon, nodes: [node] };
}

/** A variance, or a mean square, without ε. */
interface Variance extends Pick<RootOfVariance, "input" | "means" | "subtractsMean" | "axes"> {
  /** What the mean square deviation is multiplied with. */
  readonly factor: Factor;
  /** What the mean is multiplied with; 1, or the count of a sum. */
  readonly mean: Factor;
  readonly nodes: readonly OnnxNode[];
}

function varianceOf(value: string, index: GraphIndex): Variance | null {
  const unclamped = withoutClamp(value, index);
  const scaled = withoutFactor(unclamped.value, index);
  const found = meanSquareDeviation(scaled.value, index) ?? differenceOfMeans(scaled.value, index);
  if (!found) return null;
  const { summed } = found.factor;
  const times = [...found.factor.times, ...scaled.times];
  const over = [...found.factor.over, ...scaled.over];
  // A sum is a mean only with its count. A mean is multiplied with n/(n − 1) or nothing.
  const isVariance = summed
    ? times.length + over.length > 0
    : [...times, ...over].every((name) => (index.scalar(name) ?? 1) >= 1);
  if (!isVariance) return null;
  return {
    ...found,
    factor: { summed, times, over },
    nodes: [...found.nodes, ...unclamped.nodes, ...scaled.nodes],
  };
}

/** A variance is not negative, so a bound of 0 changes nothing. */
function withoutClamp(value: string, index: GraphIndex): { value: string; nodes: OnnxNode[] } {
  const node = index.writer(value);
  if (!node) return { value, nodes: [] };
  const isZero = (name: string | undefined) => (name ? index.scalar(name) === 0 : false);
  if (node.op === "Relu" || node.op === "Abs" || (node.op === "Clip" && lowerBound(node, index) === 0))
    return { value: node.inputs[0], nodes: [node] };
  if (node.op === "Max" && isZero(node.inputs[1])) return { value: node.inputs[0], nodes: [node] };
  if (node.op === "Max" && isZero(node.inputs[0])) return { value: node.inputs[1], nodes: [node] };
  return { value, nodes: [] };
}

/** Strips multiplications with counts and divisions by counts, as n/(n − 1). */
function withoutFactor(value: string, index: GraphIndex) {
  const [times, over, nodes]: [string[], string[], OnnxNode[]] = [[], [], []];
  for (let name = value; ; ) {
    const node = index.writer(name);
    const [a, b] = (node?.inputs ?? []) as [string, string];
    if (node?.op === "Div" && isCount(b, index)) {
      over.push(b);
      name = a;
    } else if (node?.op === "Mul" && a !== b && (isCount(a, index) || isCount(b, index))) {
      times.push(isCount(a, index) ? a : b);
      name = isCount(a, index) ? b : a;
    } else return { value: name, times, over, nodes };
    nodes.push(node);
  }
}

/** Whether a value is one number that the file stores or that follows from shapes. */
function isCount(value: string, index: GraphIndex, depth = 0): boolean {
  if (depth > 12 || index.dependsOnData(value)) return false;
  if (index.scalar(value) !== undefined) return true;
  const node = index.writer(value);
  if (!node) return index.numbers(value) !== undefined && depth > 0;
  if (node.op === "Shape" || node.op === "Size") return true;
  return node.inputs.filter(Boolean).every((name) => isCount(name, index, depth + 1));
}

/** mean((x − mean x)²), or mean(x²). The mean may be a sum whose count was stripped before. */
function meanSquareDeviation(value: string, index: GraphIndex): Variance | null {
  const writer = index.writer(index.source(value, shapes));
  const reduced = writer ? reductionAt(writer, index) : null;
  const squared = reduced && squareOf(reduced.input, index);
  if (!reduced || !squared) return null;
  const { axes } = reduced;
  const factor = { summed: reduced.summed, times: [], over: [] };
  const nodes = [reduced.node, ...squared.nodes];
  const difference = differenceAt(squared.value, index);
  const center = difference && meanOf(difference.subtracted, index);
  if (!difference || !center || !isSame(center.input, difference.from, index))
    return {
      input: squared.value,
      means: new Map(),
      subtractsMean: false,
      axes,
      factor,
      mean: none,
      nodes,
    };
  if (center.axes.join() !== axes.join()) return null;
  const { from: input } = difference;
  return {
    input,
    means: meansOf(input, axes, index),
    subtractsMean: true,
    axes,
    factor,
    mean: center.factor,
    nodes: [...nodes, ...center.nodes, ...difference.nodes],
  };
}

/** a − b: Sub, or Add with a negated operand. */
function differenceAt(value: string, index: GraphIndex) {
  const node = index.writer(index.source(value, castsOnly));
  const [a, b] = node?.inputs ?? [];
  if (!node || !a || !b) return null;
  if (node.op === "Sub") return { from: a, subtracted: b, nodes: [node] };
  if (node.op !== "Add") return null;
  for (const [from, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const negation = index.writer(index.source(other, shapes));
    if (negation?.op === "Neg") return { from, subtracted: negation.inputs[0], nodes: [negation, node] };
  }
  return null;
}

/** mean(x²) − (mean x)². */
function differenceOfMeans(value: string, index: GraphIndex): Variance | null {
  const node = index.writer(value);
  if (node?.op !== "Sub") return null;
  const [squares, square] = [meanOf(node.inputs[0], index), squareOf(node.inputs[1], index)];
  const center = square && meanOf(square.value, index);
  const inner = squares && squareOf(squares.input, index);
  if (!squares || !square || !center || !inner) return null;
  if (center.axes.join() !== squares.axes.join() || !isSame(inner.value, center.input, index)) return null;
  return {
    input: center.input,
    means: meansOf(center.input, center.axes, index),
    subtractsMean: true,
    axes: center.axes,
    factor: none,
    mean: center.factor,
    nodes: [...squares.nodes, ...inner.nodes, ...center.nodes, ...square.nodes, node],
  };
}

const none: Factor = { summed: false, times: [], over: [] };

/** All values that hold the mean of x over the axes. Exporters compute it once or twice. */
function meansOf(input: string, axes: readonly number[], index: GraphIndex): Variance["means"] {
  const found = new Map<string, readonly OnnxNode[]>();
  for (const { op, outputs } of index.graph.nodes) {
    const mean = op === "ReduceMean" || op === "Div" || op === "Mul" ? meanOf(outputs[0], index) : null;
    if (mean && mean.axes.join() === axes.join() && isSame(mean.input, input, index))
      found.set(outputs[0], mean.nodes);
  }
  return found;
}

/** ReduceMean, or ReduceSum divided by a count, changes of shape aside. */
function meanOf(value: string, index: GraphIndex) {
  const { value: source, times, over, nodes } = withoutFactor(index.source(value, shapes), index);
  const node = index.writer(source);
  const reduced = node ? reductionAt(node, index) : null;
  if (!reduced || reduced.summed !== times.length + over.length > 0) return null;
  const { input, axes, summed } = reduced;
  return { input, axes, factor: { summed, times, over }, nodes: [reduced.node, ...nodes] };
}

/** A ReduceMean or ReduceSum with its sorted axes, an attribute or an input. */
function reductionAt(node: OnnxNode, index: GraphIndex) {
  const summed = node.op === "ReduceSum";
  if (node.op !== "ReduceMean" && !summed) return null;
  const given = node.attributes.numbers("axes");
  const axes = given ?? (node.inputs[1] ? index.numbers(node.inputs[1]) : undefined);
  return axes?.length ? { node, input: node.inputs[0], axes: [...axes].sort((a, b) => a - b), summed } : null;
}

/** value²: Pow with exponent 2, or Mul of a value with itself. */
function squareOf(value: string, index: GraphIndex): { value: string; nodes: OnnxNode[] } | null {
  const node = index.writer(index.source(value, castsOnly));
  const isSquare =
    (node?.op === "Pow" && index.scalar(node.inputs[1]) === 2) ||
    (node?.op === "Mul" && isSame(node.inputs[0], node.inputs[1], index));
  return node && isSquare ? { value: node.inputs[0], nodes: [node] } : null;
}

/** Whether two names stand for the same elements, casts aside. */
const isSame = (a: string, b: string, index: GraphIndex): boolean =>
  a === b || index.source(a, castsOnly) === index.source(b, castsOnly);

const castsOnly: ReadonlySet<string> = new Set(["Cast", "Identity"]);
const shapes: ReadonlySet<string> = new Set([
  "Cast",
  "Identity",
  "Reshape",
  "Unsqueeze",
  "Squeeze",
  "Expand",
]);
