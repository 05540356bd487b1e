import type { GraphIndex } from "../../graph-index.js";
import type { OnnxNode } from "../../model.js";

/**
 * Recognizes the arithmetic of a standardization written out in nodes. Every function takes a value
 * (or node), looks at the nodes that compute it, and returns its parts with these nodes, or null.
 */

interface Part {
  /** The nodes that compute the value from its parts. */
  readonly nodes: readonly OnnxNode[];
}

/** numerator/√radicand: Div by a root, or Mul by the reciprocal of a root or by a power of −0.5. */
export function rootQuotient(
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

/** √radicand: Sqrt, or Pow with exponent 0.5. */
function rootOf(value: string, index: GraphIndex): (Part & { radicand: string }) | null {
  const node = index.writer(value);
  if (node?.op === "Sqrt") return { radicand: node.inputs[0], nodes: [node] };
  if (node?.op === "Pow" && index.scalar(node.inputs[1]) === 0.5)
    return { radicand: node.inputs[0], nodes: [node] };
  return null;
}

/** 1/√radicand: Pow with exponent −0.5, Reciprocal of a root, or 1 divided by a root. */
function inverseRootOf(value: string, index: GraphIndex): (Part & { radicand: string }) | null {
  const node = index.writer(value);
  if (!node) return null;
  if (node.op === "Pow" && index.scalar(node.inputs[1]) === -0.5)
    return { radicand: node.inputs[0], nodes: [node] };
  const inverted =
    node.op === "Reciprocal"
      ? node.inputs[0]
      : node.op === "Div" && index.scalar(node.inputs[0]) === 1
        ? node.inputs[1]
        : null;
  const root = inverted === null ? null : rootOf(inverted, index);
  return root && { radicand: root.radicand, nodes: [...root.nodes, node] };
}

/** other + constant, in either order. */
export function plusConstant(
  value: string,
  index: GraphIndex,
): (Part & { value: string; constant: number }) | null {
  const node = index.writer(value);
  if (node?.op !== "Add") return null;
  const [a, b] = node.inputs as [string, string];
  const right = index.scalar(b);
  if (right !== undefined) return { value: a, constant: right, nodes: [node] };
  const left = index.scalar(a);
  return left === undefined ? null : { value: b, constant: left, nodes: [node] };
}

/** value²: Pow with exponent 2, or Mul of a value with itself. */
export function squareOf(value: string, index: GraphIndex): (Part & { value: string }) | null {
  const node = index.writer(value);
  const isSquare =
    (node?.op === "Pow" && index.scalar(node.inputs[1]) === 2) ||
    (node?.op === "Mul" && node.inputs[0] === node.inputs[1]);
  return isSquare ? { value: node.inputs[0], nodes: [node] } : null;
}

/** input − mean(input) over `axes`. */
export function deviationFromMean(
  value: string,
  axes: readonly number[],
  index: GraphIndex,
): (Part & { input: string }) | null {
  const node = index.writer(index.source(value, castsOnly));
  if (node?.op !== "Sub") return null;
  const mean = index.writer(node.inputs[1]);
  if (mean?.op !== "ReduceMean" || meanAxes(mean, index)?.join() !== axes.join()) return null;
  if (!sameValue(mean.inputs[0], node.inputs[0], index)) return null;
  return { input: node.inputs[0], nodes: [mean, node] };
}

/**
 * The sorted axes of a ReduceMean that keeps them with size 1; null for any other ReduceMean. The
 * axes are an attribute before opset 18 and an input from opset 18 on.
 */
export function meanAxes(node: OnnxNode, index: GraphIndex): readonly number[] | null {
  if (node.attributes.number("keepdims", 1) !== 1) return null;
  const axes =
    node.attributes.numbers("axes") ?? (node.inputs[1] ? index.numbers(node.inputs[1]) : undefined);
  return axes?.length ? [...axes].sort((a, b) => a - b) : null;
}

/** Whether two names stand for the same elements, casts aside. */
export const sameValue = (a: string, b: string, index: GraphIndex): boolean =>
  a === b || index.source(a, castsOnly) === index.source(b, castsOnly);

const castsOnly: ReadonlySet<string> = new Set(["Cast", "Identity"]);
