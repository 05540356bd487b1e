import { showShape, sizeOf } from "../../base/tensor.js";
import * as lang from "../../engine/lang/index.js";
import { broadcastShapes, Host } from "../values/host.js";
import * as values from "../values/value.js";
import { isHost, toTraced } from "../values/value.js";
import type { NodeContext, Op, OpTable } from "./context.js";

/**
 * In the new shape, 0 keeps the dimension (unless allowzero=1), and −1 takes the remaining
 * elements.
 */
const reshape: Op = (node) => {
  const x = node.value(0);
  const asked = node.requiredAxes("shape", 1);
  const copyZero = node.attributes.number("allowzero", 0) === 0;
  const shape = asked.map((n, i) => (n === 0 && copyZero ? x.shape[i] : n));
  const free = shape.indexOf(-1);
  if (free >= 0) shape[free] = sizeOf(x.shape) / sizeOf(shape.toSpliced(free, 1));
  if (sizeOf(shape) !== sizeOf(x.shape) || !shape.every((n) => Number.isInteger(n) && n >= 0))
    throw node.error(`cannot reshape ${showShape(x.shape)} to ${showShape(asked)}`);
  return values.reshape(x, shape);
};

const flatten: Op = (node) => {
  const x = node.value(0);
  const given = node.attributes.number("axis", 1);
  const axis = given < 0 ? given + x.shape.length : given;
  return values.reshape(x, [sizeOf(x.shape.slice(0, axis)), sizeOf(x.shape.slice(axis))]);
};

const squeeze: Op = (node) => {
  const x = node.value(0);
  const axes = node.axes("axes", 1)?.map((a) => node.axis(a, x.shape.length));
  const dropped = axes ?? x.shape.flatMap((n, i) => (n === 1 ? [i] : []));
  for (const axis of dropped)
    if (x.shape[axis] !== 1) throw node.error(`axis ${axis} of ${showShape(x.shape)} is not 1`);
  return values.reshape(
    x,
    x.shape.filter((_, i) => !dropped.includes(i)),
  );
};

const unsqueeze: Op = (node) => {
  const x = node.value(0);
  const given = node.axes("axes", 1) ?? [];
  const rank = x.shape.length + given.length;
  const axes = given.map((a) => node.axis(a, rank));
  let next = 0;
  const shape = Array.from({ length: rank }, (_, i) => (axes.includes(i) ? 1 : x.shape[next++]));
  return values.reshape(x, shape);
};

const transpose: Op = (node) => {
  const x = node.value(0);
  return values.transpose(x, node.attributes.numbers("perm") ?? x.shape.map((_, i) => i).reverse());
};

const concat: Op = (node) => {
  const xs = node.values();
  const axis = node.axis(node.attributes.number("axis", 1), xs[0].shape.length);
  for (const x of xs)
    if (x.shape.length !== xs[0].shape.length || x.shape.some((n, i) => i !== axis && n !== xs[0].shape[i]))
      throw node.error(`cannot join ${xs.map((x) => showShape(x.shape)).join(" and ")} along axis ${axis}`);
  return values.concat(xs, axis, node.float);
};

/**
 * The sizes are an attribute or an input. Without them the parts are equal; the last may be
 * smaller.
 */
const split: Op = (node) => {
  const x = node.value(0);
  const axis = node.axis(node.attributes.number("axis", 0), x.shape.length);
  const total = x.shape[axis];
  const count = node.attributes.number("num_outputs", node.node.outputs.length);
  const part = Math.ceil(total / count);
  const sizes =
    node.axes("split", 1) ??
    Array.from({ length: count }, (_, i) => Math.max(0, Math.min(part, total - i * part)));
  if (sizes.reduce((a, b) => a + b, 0) !== total)
    throw node.error(`parts ${showShape(sizes)} do not add up to axis ${axis} of ${showShape(x.shape)}`);
  let start = 0;
  return sizes.map((size) => {
    const piece = values.sliceRange(x, { axis, start, count: size, step: 1 });
    start += size;
    return piece;
  });
};

/**
 * x[start:end:step] as in NumPy, with clamped bounds. The bounds are attributes before opset 10 and
 * inputs from opset 10 on.
 */
const slice: Op = (node) => {
  let x = node.value(0);
  const starts = node.requiredAxes("starts", 1);
  const ends = node.requiredAxes("ends", 2);
  const axes = node.axes("axes", 3) ?? starts.map((_, i) => i);
  const steps = node.numbers(4) ?? starts.map(() => 1);
  starts.forEach((from, i) => {
    const axis = node.axis(axes[i], x.shape.length);
    const size = x.shape[axis];
    const step = steps[i];
    const clamp = (at: number, low: number, high: number) =>
      Math.min(Math.max(at < 0 ? at + size : at, low), high);
    const start = step > 0 ? clamp(from, 0, size) : clamp(from, 0, size - 1);
    const end = step > 0 ? clamp(ends[i], 0, size) : clamp(ends[i], -1, size - 1);
    const count = Math.max(0, Math.ceil((end - start) / step));
    x = values.sliceRange(x, { axis, start, count, step });
  });
  return x;
};

const expand: Op = (node) => {
  const x = node.value(0);
  const asked = node.requiredNumbers(1);
  const shape = broadcastShapes(x.shape, asked);
  if (!shape) throw node.error(`cannot expand ${showShape(x.shape)} to ${showShape(asked)}`);
  return values.broadcastTo(x, shape);
};

const tile: Op = (node) => {
  const x = node.value(0);
  const repeats = node.requiredNumbers(1);
  // [a, b] → [1, a, 1, b] → [r, a, s, b] → [r·a, s·b]
  const spread = values.reshape(
    x,
    x.shape.flatMap((n) => [1, n]),
  );
  const repeated = values.broadcastTo(
    spread,
    x.shape.flatMap((n, i) => [repeats[i], n]),
  );
  return values.reshape(
    repeated,
    x.shape.map((n, i) => n * repeats[i]),
  );
};

const gather: Op = (node) => {
  const x = node.value(0);
  const axis = node.axis(node.attributes.number("axis", 0), x.shape.length);
  const indices = node.value(1);
  const size = x.shape[axis];
  if (!isHost(indices)) {
    const wrapped = lang.where(lang.less(indices, 0), lang.add(indices, size), indices);
    return lang.take(toTraced(x, node.float), wrapped, axis);
  }
  const bad = indices.data.find((i) => i < -size || i >= size);
  if (bad !== undefined)
    throw node.error(`index ${bad} is out of range for axis ${axis} of ${showShape(x.shape)}`);
  const wrapped = Host.of(
    "int",
    indices.shape,
    indices.data.map((i) => (i < 0 ? i + size : i)),
  );
  return values.take(x, wrapped, axis);
};

/** Gather with an index of its own for each place on the other axes. */
const gatherElements: Op = (node) => {
  const x = node.traced(0);
  const axis = node.axis(node.attributes.number("axis", 0), x.ndim);
  const indices = node.traced(1);
  // On the other axes, the indices may cover only a first part of x.
  const covered = lang.slice(
    x,
    x.shape.map((n, i) => [0, i === axis ? n : indices.shape[i]] as const),
  );
  const wrapped = lang.where(lang.less(indices, 0), lang.add(indices, x.shape[axis]), indices);
  return lang.takeAlong(covered, wrapped, axis);
};

/** The upper or lower triangle of the last two axes; 0 elsewhere. */
const triangle: Op = (node) => {
  const x = node.value(0);
  const offset = node.has(1) ? node.host(1).data[0] : 0;
  const upper = node.attributes.number("upper", 1) === 1;
  const [rows, columns] = x.shape.slice(-2) as [number, number];
  const keep = Float64Array.from({ length: rows * columns }, (_, i) => {
    const diagonal = (i % columns) - Math.floor(i / columns);
    return (upper ? diagonal >= offset : diagonal <= offset) ? 1 : 0;
  });
  const mask = new Host("bool", [rows, columns], keep);
  if (isHost(x))
    return Host.of(
      x.type,
      x.shape,
      x.data.map((v, i) => (keep[i % keep.length] ? v : 0)),
    );
  return lang.where(toTraced(mask, node.float), x, 0);
};

/** Running sum. `reverse` starts at the end; `exclusive` leaves out the element itself. */
const cumulativeSum: Op = (node) => {
  const x = node.traced(0);
  const axis = node.axis(node.host(1).data[0], x.ndim);
  const reverse = node.attributes.number("reverse", 0) === 1;
  const directed = reverse ? lang.flip(x, [axis]) : x;
  const inclusive = lang.cumulativeSum(directed, axis);
  const sums = node.attributes.number("exclusive", 0) === 1 ? lang.sub(inclusive, directed) : inclusive;
  return reverse ? lang.flip(sums, [axis]) : sums;
};

/** Dropout is left out: the audit describes the network, not one random draw of its noise. */
const dropout: Op = (node) => node.value(0);

/**
 * Moves blocks of channels to positions, in DCR or CRD order (ONNX specification of DepthToSpace).
 */
const depthToSpace: Op = (node) => {
  const x = node.traced(0);
  const block = node.attributes.number("blocksize", 1);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const rest = c / block ** 2;
  const columnRowDepth = node.attributes.string("mode", "DCR") === "CRD";
  const split = columnRowDepth
    ? lang.transpose(lang.reshape(x, [n, rest, block, block, h, w]), [0, 1, 4, 2, 5, 3])
    : lang.transpose(lang.reshape(x, [n, block, block, rest, h, w]), [0, 3, 4, 1, 5, 2]);
  return lang.reshape(split, [n, rest, h * block, w * block]);
};

/** Moves blocks of positions to channels. */
const spaceToDepth: Op = (node) => {
  const x = node.traced(0);
  const block = node.attributes.number("blocksize", 1);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const split = lang.reshape(x, [n, c, h / block, block, w / block, block]);
  return lang.reshape(lang.transpose(split, [0, 3, 5, 1, 2, 4]), [n, c * block ** 2, h / block, w / block]);
};

/**
 * The list of pads holds those before each axis, then those after each axis. Negative pads crop.
 */
const pad: Op = (node) => {
  const x = node.traced(0);
  const flat = node.attributes.numbers("paddings") ?? node.requiredAxes("pads", 1);
  const axes = node.numbers(3)?.map((a) => node.axis(a, x.ndim)) ?? x.shape.map((_, i) => i);
  const mode = node.attributes.string("mode", "constant");
  const fill = node.has(2) ? node.host(2).data[0] : node.attributes.number("value", 0);
  return axes.reduce((y, axis, i) => {
    const [before, after] = [flat[i], flat[i + axes.length]];
    const size = y.shape[axis];
    const cropped = values.sliceRange(y, {
      axis,
      start: Math.max(0, -before),
      count: size - Math.max(0, -before) - Math.max(0, -after),
      step: 1,
    }) as lang.Traced;
    return padAxis(node, cropped, {
      axis,
      before: Math.max(0, before),
      after: Math.max(0, after),
      mode,
      fill,
    });
  }, x);
};

/** The padding of one axis. */
interface AxisPadding {
  readonly axis: number;
  readonly before: number;
  readonly after: number;
  /** constant, reflect, edge or wrap. */
  readonly mode: string;
  /** The number to pad with, for mode constant. */
  readonly fill: number;
}

function padAxis(
  node: NodeContext,
  x: lang.Traced,
  { axis, before, after, mode, fill }: AxisPadding,
): lang.Traced {
  if (before === 0 && after === 0) return x;
  const size = x.shape[axis];
  if (mode === "constant") {
    if (fill !== 0) return lang.padWith(x, axis, [before, after], fill);
    return lang.pad(
      x,
      x.shape.map((_, i) => (i === axis ? ([before, after] as const) : ([0, 0] as const))),
    );
  }
  const period = 2 * (size - 1);
  const source: Record<string, (i: number) => number> = {
    edge: (i) => Math.min(Math.max(i, 0), size - 1),
    wrap: (i) => ((i % size) + size) % size,
    reflect: (i) => {
      const at = ((i % period) + period) % period;
      return at < size ? at : period - at;
    },
  };
  const from = source[mode];
  if (!from) throw node.error(`mode "${mode}" is not supported; expected constant, reflect, edge or wrap`);
  if (mode === "reflect" && Math.max(before, after) >= size)
    throw node.error(`cannot reflect ${Math.max(before, after)} elements of an axis of ${size}`);
  const indices = Array.from({ length: before + size + after }, (_, i) => from(i - before));
  return values.take(x, Host.ints(indices), axis) as lang.Traced;
}

export const movementOps: OpTable = {
  Identity: (node) => node.value(0),
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Transpose: transpose,
  Concat: concat,
  Split: split,
  Slice: slice,
  Expand: expand,
  Tile: tile,
  Gather: gather,
  GatherElements: gatherElements,
  Trilu: triangle,
  CumSum: cumulativeSum,
  Dropout: dropout,
  Pad: pad,
  DepthToSpace: depthToSpace,
  SpaceToDepth: spaceToDepth,
};
