import { TensorProto_DataType as Type } from "onnx-buf";
import { sizeOf } from "../../base/tensor.js";
import * as lang from "../../engine/lang/index.js";
import { formatOf } from "../decode/elements.js";
import { Host, hostTypeOf, mapHost } from "../values/host.js";
import { isHost } from "../values/value.js";
import type { NodeContext, Op, OpTable } from "./context.js";

/** The sizes of the axes from `start` up to, not including, `end`. */
const shape: Op = (node) => {
  const { shape } = node.value(0);
  const start = node.attributes.number("start", 0);
  const end = node.attributes.get("number", "end");
  return Host.ints(shape.slice(start, end));
};

/** The name of an ONNX element type; a UserError if blindspot does not read it. */
const elementType = (node: NodeContext, code: number) => {
  const format = formatOf(code);
  if (!format) throw node.error(`element type ${Type[code] ?? code} is not supported`);
  return format.name;
};

const cast: Op = (node) => {
  const x = node.value(0);
  const to = elementType(node, node.attributes.number("to", Type.FLOAT));
  if (isHost(x)) return mapHost(x, (v) => v, hostTypeOf(to));
  const type = hostTypeOf(to);
  return lang.cast(x, type === "int" ? "int32" : type === "bool" ? "bool" : node.float);
};

const constantOfShape: Op = (node) => {
  const dims = node.requiredNumbers(0);
  const value = node.attributes.get("tensor", "value");
  const type = value ? hostTypeOf(value.elementType) : "float32";
  const fill = value ? value.numbers()[0] : 0;
  return Host.of(type, dims, new Float64Array(sizeOf(dims)).fill(fill));
};

const range: Op = (node) => {
  const [start, limit, delta] = [node.host(0), node.host(1), node.host(2)];
  const [from, to, step] = [start.data[0], limit.data[0], delta.data[0]];
  const count = Math.max(0, Math.ceil((to - from) / step));
  return Host.of(
    start.type,
    [count],
    Array.from({ length: count }, (_, i) => from + i * step),
  );
};

/** The positions of the elements that are not 0, one column for each element. */
const nonZero: Op = (node) => {
  const x = node.host(0);
  const hits = [...x.data.keys()].filter((i) => x.data[i] !== 0);
  const rows = x.shape.map((size, axis) => {
    const inner = sizeOf(x.shape.slice(axis + 1));
    return hits.map((i) => Math.floor(i / inner) % size);
  });
  return Host.of("int", [x.shape.length, hits.length], rows.flat());
};

/** If: evaluates one branch. The condition must be known while tracing. */
const branch: Op = (node) => {
  const name = node.host(0).data[0] ? "then_branch" : "else_branch";
  const graph = node.attributes.get("graph", name);
  if (!graph) throw node.error(`${name} is missing`);
  return node.scope.evaluate(graph);
};

/** One-hot vectors of indices, along a new axis. */
const oneHot: Op = (node) => {
  const indices = node.traced(0);
  const depth = node.host(1).data[0];
  const [off, on] = node.requiredNumbers(2);
  const given = node.attributes.number("axis", -1);
  const axis = given < 0 ? given + indices.ndim + 1 : given;
  const lead = indices.shape.toSpliced(axis, 0, 1);
  const classes = lang.constant(
    Int32Array.from({ length: depth }, (_, i) => i),
    lead.map((_, i) => (i === axis ? depth : 1)),
    "int32",
  );
  const whole = lang.cast(lang.reshape(indices, lead), "int32");
  const wrapped = lang.where(lang.less(whole, 0), lang.add(whole, depth), whole);
  const hot = lang.equal(wrapped, classes);
  const type = node.host(2).isFloat ? node.float : "int32";
  return lang.where(hot, lang.scalar(on, type), lang.scalar(off, type));
};

export const shapeOps: OpTable = {
  Shape: shape,
  Size: (node) => Host.of("int", [], [sizeOf(node.value(0).shape)]),
  Cast: cast,
  ConstantOfShape: constantOfShape,
  Range: range,
  NonZero: nonZero,
  If: branch,
  OneHot: oneHot,
};
