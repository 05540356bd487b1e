import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";

/** The elements of a tensor and their ONNX type. */
export interface Elements {
  readonly type: "float" | "double" | "int64" | "int32" | "bool";
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** A tensor of floats. */
export const float = (shape: readonly number[], data: readonly number[]): Elements => ({
  type: "float",
  shape,
  data,
});

/** A tensor of floats without a pattern: sin(1.7 i + rank) + shift, in float32. */
export const waves = (shape: readonly number[], shift = 0): Elements =>
  float(
    shape,
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) =>
      Math.fround(Math.sin(1.7 * i + shape.length) + shift),
    ),
  );

/** A vector of int64. */
export const ints = (...data: number[]): Elements => ({ type: "int64", shape: [data.length], data });

/** A tensor of rank 0. */
export const scalar = (value: number, type: Elements["type"] = "float"): Elements => ({
  type,
  shape: [],
  data: [value],
});

const types = {
  float: DataType.FLOAT,
  double: DataType.DOUBLE,
  int64: DataType.INT64,
  int32: DataType.INT32,
  bool: DataType.BOOL,
} as const;

/**
 * An attribute value: whole numbers become INT, others FLOAT; write `asFloat(1)` for the float 1.
 */
export type AttributeValue = number | string | readonly number[] | Elements | GraphProto | AsFloat;

/** A number, or a list of numbers, to store as FLOAT even if it is whole. */
export class AsFloat {
  constructor(readonly value: number | readonly number[]) {}
}
export const asFloat = (value: number | readonly number[]): AsFloat => new AsFloat(value);

/** A node as a test writes it. */
export interface NodeSpec {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  readonly name?: string;
  readonly domain?: string;
}

/** A node with one output. */
export const nodeOf = (
  op: string,
  inputs: string[],
  output: string,
  attributes: NodeSpec["attributes"] = {},
  name = "",
): NodeSpec => ({ op, inputs, outputs: [output], attributes, name });

/** A graph as a test writes it. */
export interface GraphSpec {
  readonly nodes: readonly NodeSpec[];
  readonly inputs?: Readonly<
    Record<string, { type?: Elements["type"]; shape: readonly (number | string)[] }>
  >;
  readonly initializers?: Readonly<Record<string, Elements>>;
  readonly outputs: readonly string[];
  /** Element type of the outputs; float by default. */
  readonly outputType?: Elements["type"];
}

/** A tensor as an ONNX file stores it, in raw bytes. */
export function tensorProto(name: string, { type, shape, data }: Elements): TensorProto {
  const bytes = {
    float: () => new Float32Array(data),
    double: () => new Float64Array(data),
    int64: () => BigInt64Array.from(data, BigInt),
    int32: () => new Int32Array(data),
    bool: () => new Uint8Array(data),
  }[type]();
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: types[type],
    rawData: new Uint8Array(bytes.buffer),
  });
}

function attribute(name: string, value: AttributeValue): AttributeProto {
  const make = (fields: Partial<AttributeProto>) =>
    create(AttributeProtoSchema, { name, ...fields } as object);
  if (value instanceof AsFloat)
    return typeof value.value === "number"
      ? make({ type: AttributeType.FLOAT, f: value.value })
      : make({ type: AttributeType.FLOATS, floats: [...value.value] });
  if (typeof value === "number")
    return Number.isInteger(value)
      ? make({ type: AttributeType.INT, i: BigInt(value) })
      : make({ type: AttributeType.FLOAT, f: value });
  if (typeof value === "string")
    return make({ type: AttributeType.STRING, s: new TextEncoder().encode(value) });
  if ("$typeName" in value) return make({ type: AttributeType.GRAPH, g: value });
  if ("data" in value) return make({ type: AttributeType.TENSOR, t: tensorProto("", value) });
  return make({ type: AttributeType.INTS, ints: value.map(BigInt) });
}

function valueInfo(
  name: string,
  type: Elements["type"],
  shape?: readonly (number | string)[],
): ValueInfoProto {
  const dims = shape?.map((d) =>
    create(TensorShapeProto_DimensionSchema, {
      value: typeof d === "number" ? { case: "dimValue", value: BigInt(d) } : { case: "dimParam", value: d },
    }),
  );
  const tensor = create(TypeProto_TensorSchema, {
    elemType: types[type],
    shape: dims && create(TensorShapeProtoSchema, { dim: dims }),
  });
  return create(ValueInfoProtoSchema, {
    name,
    type: create(TypeProtoSchema, { value: { case: "tensorType", value: tensor } }),
  });
}

/** The graph of an ONNX model, or a subgraph to give to a node. */
export function graph(spec: GraphSpec): GraphProto {
  return create(GraphProtoSchema, {
    name: "test",
    node: spec.nodes.map((n) =>
      create(NodeProtoSchema, {
        opType: n.op,
        domain: n.domain ?? "",
        name: n.name ?? "",
        input: [...n.inputs],
        output: [...n.outputs],
        attribute: Object.entries(n.attributes ?? {}).map(([name, value]) => attribute(name, value)),
      }),
    ),
    initializer: Object.entries(spec.initializers ?? {}).map(([name, t]) => tensorProto(name, t)),
    input: Object.entries(spec.inputs ?? {}).map(([name, { type, shape }]) =>
      valueInfo(name, type ?? "float", shape),
    ),
    output: spec.outputs.map((name) => valueInfo(name, spec.outputType ?? "float")),
  });
}

/** The bytes of an ONNX file with a graph that a test wrote. */
export function modelBytes(spec: GraphSpec, opset = 17): Uint8Array {
  const domains = new Set(["", ...spec.nodes.map((n) => n.domain ?? "")]);
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: "test",
    graph: graph(spec),
    opsetImport: [...domains].map((domain) =>
      create(OperatorSetIdProtoSchema, { domain, version: BigInt(domain ? 1 : opset) }),
    ),
  });
  return toBinary(ModelProtoSchema, model);
}
