import { Random } from "../base/random.js";
import { allocate, sizeOf } from "../base/tensor.js";
import {
  add,
  broadcastTo,
  concat,
  constant,
  div,
  dtypeOf,
  matmul,
  mul,
  reciprocal,
  reshape,
  slice,
  sqrt,
  square,
  sum,
  type Traced,
  transpose,
} from "../engine/lang/index.js";
import { type GroupLayout, groupCount, groupSize } from "../theory/layout.js";
import type { BlockedParts } from "./blocked-parts.js";
import { groupMeans, spreadOverGroups } from "./group-mean.js";
import type { StructuredLinearOp, WeightRows } from "./linear-op.js";
import { rowSharing, rowsByGroup } from "./row-sharing.js";
import { storedOrder } from "./weight-products.js";

/** Random sign vectors where the chance level is an estimate. */
const CHANCE_PROBES = 4;

/** One layer and the linear op below it. */
export interface LayerWithWeights {
  readonly linearOp: StructuredLinearOp;
  readonly y: Traced;
  readonly sigma: Traced;
  readonly layout: GroupLayout;
  /** Whether the normalization subtracts a mean. */
  readonly centred: boolean;
}

/** Weight gradients of a layer that are at hand already. */
export interface PulledParts {
  readonly parts: BlockedParts;
  /** The pullback of each of `parts.blocked`. */
  readonly removed: readonly Traced[];
  readonly pullback: (cotangent: Traced) => Traced;
}

/**
 * What white noise in place of G would do to the gradient of the weights below: the expected
 * squared length of the whole gradient, ‖D J‖²_F, and that of its removed part, Σ_g ‖p(1_g/σ_g)‖²/n
 * + ‖p(y_g/σ_g)‖² ‖y_g‖²/n² (docs/theory.md, section 7). p is the pullback to the weights.
 *
 * Returns a vector: the first number, then the second. Where groups share weights, so that the sum
 * over groups has no short form, `CHANCE_PROBES` independent estimates of the second follow
 * instead.
 */
export function removedChance(layer: LayerWithWeights, pulled: PulledParts): Traced {
  const { linearOp, layout } = layer;
  const { rows } = linearOp;
  const sharing = rowSharing(layout, rows);
  if (sharing === "elements") return byElements(layer);
  if (sharing === "some") return bySigns(layer, pulled);
  return rows === null || rows.axis === null
    ? jointly(layer, pulled)
    : byRows(layer, { ...rows, axis: rows.axis }, pulled);
}

/**
 * Every weight row feeds one group, so the weight gradients at hand hold the pullbacks of all
 * groups side by side, each times a number of its group.
 */
function byRows(
  { linearOp, y, sigma, layout }: LayerWithWeights,
  rows: WeightRows & { readonly axis: number },
  { parts, removed }: PulledParts,
): Traced {
  const toRows = (perGroup: Traced) => {
    const shape = rowsByGroup(layout, rows);
    return reshape(broadcastTo(reshape(perGroup, [1, shape[1], 1]), shape), [rows.count]);
  };
  const squared = removed.map((gradient, i) => {
    const { multiple } = parts.blocked[i];
    const isAlongY = i === 0;
    const factor = isAlongY ? div(rootMeanSquare(y, layout), multiple) : reciprocal(multiple);
    return sum(square(mul(rowLengths(gradient, rows.axis), toRows(factor))));
  });
  const energy = linearOp.inputEnergy(linearOp.operands).perRow;
  if (energy === null) throw new Error(`${linearOp.weight}: rows are known but not their energies`);
  const whole = sum(mul(energy, square(toRows(perGroupInverse(sigma, layout)))));
  return concat([vector(whole), vector(div(squared.reduce(add), groupSize(layout)))], 0);
}

/** The length of each row of a weight gradient, as [rows]. */
function rowLengths(gradient: Traced, axis: number): Traced {
  const { shape } = gradient;
  const others = [...shape.keys()].filter((other) => other !== axis);
  if (axis !== 0) return sqrt(sum(square(gradient), others));
  // A product with itself writes no tensor of the gradient's size.
  const offsets = sizeOf(shape.slice(2));
  const columns = shape.length > 1 ? shape[1] : 1;
  const lines = reshape(transpose(gradient, storedOrder(shape.length)), [offsets, shape[0], 1, columns]);
  return sqrt(sum(matmul(lines, transpose(lines, [0, 1, 3, 2])), [0, 2, 3]));
}

/** Every weight row feeds one group: all groups are pulled back at once. */
function jointly(layer: LayerWithWeights, { pullback }: PulledParts): Traced {
  const squared = blockedDirections(layer).map((direction) => sum(square(pullback(direction))));
  return concat([vector(wholeEnergy(layer)), vector(squared.reduce(add))], 0);
}

/**
 * Each element of a group has a weight row of its own, so rows of J within a group are orthogonal.
 */
function byElements(layer: LayerWithWeights): Traced {
  const { linearOp, sigma } = layer;
  const energy = linearOp.inputEnergy(linearOp.operands).perElement();
  const removed = blockedDirections(layer).map((direction) => sum(mul(energy, square(direction))));
  const whole = sum(mul(energy, square(reciprocal(sigma))));
  return concat([vector(whole), vector(removed.reduce(add))], 0);
}

/**
 * Random signs for every group and direction: the expected squared length of the pullback of the
 * signed sum is the sum of the squared lengths of the separate pullbacks.
 */
function bySigns(layer: LayerWithWeights, { pullback }: PulledParts): Traced {
  const { y, layout } = layer;
  const random = new Random(0);
  const directions = blockedDirections(layer);
  const signed = (direction: Traced) => {
    const signs = allocate(dtypeOf(y), groupCount(layout));
    for (let group = 0; group < signs.length; group++) signs[group] = random.bits() & 1 ? 1 : -1;
    const perGroup = constant(signs, [signs.length], dtypeOf(y));
    return mul(direction, spreadOverGroups(perGroup, layout, y.shape));
  };
  const probes = Array.from({ length: CHANCE_PROBES }, () =>
    vector(sum(square(pullback(directions.map(signed).reduce(add))))),
  );
  return concat([vector(wholeEnergy(layer)), ...probes], 0);
}

/**
 * The blocked directions as noise excites them, in the shape of y: y/σ · ‖y_g‖/n, then 1/(σ √n)
 * where a mean is subtracted.
 */
function blockedDirections({ y, sigma, layout, centred }: LayerWithWeights): Traced[] {
  const root = Math.sqrt(groupSize(layout));
  const inverse = div(reciprocal(sigma), root);
  const alongY = mul(mul(y, spreadOverGroups(rootMeanSquare(y, layout), layout, y.shape)), inverse);
  return centred ? [alongY, broadcastTo(inverse, y.shape)] : [alongY];
}

/** ‖D J‖²_F. */
const wholeEnergy = ({ linearOp, sigma }: LayerWithWeights): Traced =>
  sum(mul(linearOp.inputEnergy(linearOp.operands).perElement(), square(reciprocal(sigma))));

/** ‖y_g‖/√n, as [groups]. */
const rootMeanSquare = (y: Traced, layout: GroupLayout): Traced => sqrt(groupMeans(square(y), layout));

/** 1/σ as [groups]. Group normalization gives σ once for each channel of a group. */
function perGroupInverse(sigma: Traced, layout: GroupLayout): Traced {
  const groups = groupCount(layout);
  const repeated = reshape(reciprocal(sigma), [groups, sigma.size / groups]);
  return reshape(
    slice(repeated, [
      [0, groups],
      [0, 1],
    ]),
    [groups],
  );
}

const vector = (scalar: Traced): Traced => reshape(scalar, [1]);
