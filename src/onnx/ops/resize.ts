import type { Traced } from "../../engine/lang/index.js";
import * as lang from "../../engine/lang/index.js";
import { Host } from "../values/host.js";
import * as values from "../values/value.js";
import type { NodeContext, Op, OpTable } from "./context.js";

/** The change of one axis from `from` to `to` elements. */
interface AxisResize {
  readonly axis: number;
  readonly from: number;
  readonly to: number;
  /** Output elements per input element: the scale of the node, or to/from if it gives a size. */
  readonly scale: number;
}

type Coordinates = (x: number, axis: AxisResize) => number;

/** The place of output element x on the axis of input elements (ONNX specification of Resize). */
const coordinateModes: Readonly<Record<string, Coordinates>> = {
  half_pixel: (x, { scale }) => (x + 0.5) / scale - 0.5,
  pytorch_half_pixel: (x, { scale, to }) => (to > 1 ? (x + 0.5) / scale - 0.5 : 0),
  half_pixel_symmetric: (x, { scale, from, to }) =>
    (from / 2) * (1 - to / (scale * from)) + (x + 0.5) / scale - 0.5,
  align_corners: (x, { from, to }) => (to > 1 ? (x * (from - 1)) / (to - 1) : 0),
  asymmetric: (x, { scale }) => x / scale,
  tf_half_pixel_for_nn: (x, { scale }) => (x + 0.5) / scale,
};

/** Rounds a place on an axis to an element. */
type Rounding = (x: number, axis: AxisResize) => number;

const nearestModes: Readonly<Record<string, Rounding>> = {
  round_prefer_floor: (x) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
};

/** Opset 10 rounds down where an axis grows, and up where it shrinks. */
const nearestOfOpset10: Rounding = (x, { scale }) => (scale < 1 ? Math.ceil(x) : Math.floor(x));

/** The input elements that one output element is a weighted sum of; indices are within bounds. */
type WeightedElements = readonly (readonly [index: number, weight: number])[];

/** Linear interpolation at x between the two nearest of `size` elements. */
function linearWeights(x: number, size: number): WeightedElements {
  const at = Math.min(Math.max(x, 0), size - 1);
  const low = Math.floor(at);
  return [
    [low, 1 - (at - low)],
    [Math.min(low + 1, size - 1), at - low],
  ];
}

/**
 * Cubic convolution at x with parameter a (Keys 1981). Places outside the axis repeat the element
 * at its edge, or are left out with `excludeOutside`.
 */
function cubicWeights(
  x: number,
  size: number,
  { cubic: a, excludeOutside }: Pick<Style, "cubic" | "excludeOutside">,
): WeightedElements {
  const low = Math.floor(x);
  const weight = (d: number) =>
    d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  const raw = [-1, 0, 1, 2].map((k) => [low + k, weight(Math.abs(x - low - k))] as const);
  const counted = excludeOutside ? raw.filter(([i]) => i >= 0 && i < size) : raw;
  const total = excludeOutside ? counted.reduce((s, [, w]) => s + w, 0) : 1;
  return counted.map(([i, w]) => [Math.min(Math.max(i, 0), size - 1), w / total]);
}

/**
 * Interpolates along one axis, as a product with a matrix of weights. The gradient of a matrix
 * product is a matrix product; that of a gather would be a slow scatter.
 */
function interpolate(
  x: Traced,
  { axis, from, to }: AxisResize,
  weightsAt: (position: number) => WeightedElements,
): Traced {
  const matrix = new Float64Array(from * to);
  for (let i = 0; i < to; i++) for (const [j, weight] of weightsAt(i)) matrix[j * to + i] += weight;
  const weights = values.toTraced(new Host("float64", [from, to], matrix), lang.dtypeOf(x));
  const last = x.ndim - 1;
  const swap = x.shape.map((_, i) => (i === axis ? last : i === last ? axis : i));
  return lang.transpose(lang.matmul(lang.transpose(x, swap), weights), swap);
}

/**
 * Picks the nearest elements along one axis. `source` names the input element of each output
 * element. If the scale is a whole number, every element is repeated; else the elements are
 * gathered.
 */
function repeatNearest(x: Traced, { axis, from, to }: AxisResize, source: readonly number[]): Traced {
  const times = to / from;
  if (Number.isInteger(times) && source.every((j, i) => j === Math.floor(i / times))) {
    const column = lang.reshape(x, x.shape.toSpliced(axis + 1, 0, 1));
    const spread = lang.broadcastTo(column, x.shape.toSpliced(axis + 1, 0, times));
    return lang.reshape(spread, x.shape.with(axis, to));
  }
  return values.take(x, Host.ints(source), axis) as Traced;
}

/** How Resize computes an output element. */
interface Style {
  /** nearest, linear or cubic. */
  readonly mode: string;
  readonly coordinates: Coordinates;
  /** Rounding of a place to an element, for mode nearest. */
  readonly nearest: Rounding;
  /** Parameter a of cubic convolution. */
  readonly cubic: number;
  /** Whether cubic convolution leaves out places outside the axis. */
  readonly excludeOutside: boolean;
}

function resizeAxis(node: NodeContext, x: Traced, axis: AxisResize, style: Style): Traced {
  const at = (i: number) => style.coordinates(i, axis);
  const size = axis.from;
  switch (style.mode) {
    case "nearest": {
      // The last bit can decide which element is nearest, so round to float32, as runtimes do.
      const rounded = { ...axis, scale: Math.fround(axis.scale) };
      const source = (i: number) => style.nearest(Math.fround(style.coordinates(i, rounded)), axis);
      const inside = (i: number) => Math.min(Math.max(source(i), 0), size - 1);
      return repeatNearest(
        x,
        axis,
        Array.from({ length: axis.to }, (_, i) => inside(i)),
      );
    }
    case "linear":
    case "bilinear":
      return interpolate(x, axis, (i) => linearWeights(at(i), size));
    case "cubic":
      return interpolate(x, axis, (i) => cubicWeights(at(i), size, style));
    default:
      throw node.error(`mode "${style.mode}" is not supported; expected nearest, linear or cubic`);
  }
}

/** The axes that change, from scale factors or sizes. `axes` says which axes these belong to. */
function axesToResize(
  node: NodeContext,
  x: Traced,
  { axes, scales, sizes }: { axes?: number[]; scales?: readonly number[]; sizes?: readonly number[] },
): AxisResize[] {
  const bySize = sizes !== undefined && sizes.length > 0;
  const given = bySize ? sizes : scales;
  if (!given?.length) throw node.error("neither scales nor sizes are given");
  const places = axes ?? x.shape.map((_, i) => i);
  if (places.length !== given.length)
    throw node.error(`expected ${places.length} scales or sizes, got ${given.length}`);
  return places
    .map((axis, i): AxisResize => {
      const from = x.shape[axis];
      if (bySize) return { axis, from, to: given[i], scale: given[i] / from };
      return { axis, from, to: Math.floor(Math.fround(from * given[i])), scale: given[i] };
    })
    .filter(({ from, to, scale }) => from !== to || scale !== 1);
}

const resize: Op = (node) => {
  const { attributes, opset } = node;
  // Resize of opset 10 takes no sizes, and places elements as Upsample does.
  const old = opset < 11;
  const coordinateMode = attributes.string(
    "coordinate_transformation_mode",
    old ? "asymmetric" : "half_pixel",
  );
  const nearestMode = attributes.string("nearest_mode", old ? "floor" : "round_prefer_floor");
  const coordinates = coordinateModes[coordinateMode];
  const nearest = old ? nearestOfOpset10 : nearestModes[nearestMode];
  if (!coordinates) throw node.error(`coordinate_transformation_mode "${coordinateMode}" is not supported`);
  if (!nearest) throw node.error(`nearest_mode "${nearestMode}" is not supported`);
  if (attributes.string("keep_aspect_ratio_policy", "stretch") !== "stretch")
    throw node.error("keep_aspect_ratio_policy other than stretch is not supported");

  const x = node.tensor(0);
  const axes = attributes.numbers("axes")?.map((a) => node.axis(a, x.ndim));
  const scales = node.numbers(old ? 1 : 2);
  const sizes = old ? undefined : node.numbers(3);
  const changes = axesToResize(node, x, { axes, scales, sizes });
  if (attributes.number("antialias", 0) && changes.some(({ from, to }) => to < from))
    throw node.error("antialias is not supported for an axis that shrinks");
  const style: Style = {
    mode: attributes.string("mode", "nearest"),
    coordinates,
    nearest,
    cubic: attributes.number("cubic_coeff_a", -0.75),
    excludeOutside: attributes.number("exclude_outside", 0) === 1,
  };
  return changes.reduce((y, change) => resizeAxis(node, y, change, style), x);
};

/** The predecessor of Resize. Scale factors are an attribute in opset 7 and an input in opset 9. */
const upsample: Op = (node) => {
  const x = node.tensor(0);
  const scales = node.attributes.numbers("scales") ?? node.numbers(1);
  const style: Style = {
    mode: node.attributes.string("mode", "nearest"),
    coordinates: coordinateModes.asymmetric,
    nearest: Math.floor,
    cubic: -0.75,
    excludeOutside: false,
  };
  return axesToResize(node, x, { scales }).reduce((y, change) => resizeAxis(node, y, change, style), x);
};

export const resizeOps: OpTable = { Resize: resize, Upsample: upsample };
