import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from "onnx-buf";
import type { Attribute, Constant, Graph, Node, Value } from "./graph.js";
import { ELEMENT_TYPE } from "./ops.js";

/**
 * The operator set that the engine writes by default. From 18 on, all reductions take their axes as
 * an input.
 */
export const OPSET = 18;

/** The IR version that an operator set belongs to. */
const irVersion = (opset: number): bigint => (opset < 19 ? 8n : opset < 21 ? 9n : opset < 23 ? 10n : 11n);

/** Names of the values of a graph in its ONNX file. */
export interface GraphNames {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * Names of constants that readers of the file know, such as weights. Other constants are
   * numbered.
   */
  readonly constants?: ReadonlyMap<Value, string>;
}

export interface EmitOptions {
  /** Operator set of the file. Default `OPSET`. */
  readonly opset?: number;
  /** Inputs and outputs whose first axis may have any size; the file calls the size N. */
  readonly batched?: ReadonlySet<Value>;
}

/** The name of the node at `index`. */
export const nodeName = ({ origin, op }: Node, index: number): string => `${origin.primitive}/${op}_${index}`;

/** The graph as an ONNX file. Inputs that no node reads are left out. */
export function emit(
  graph: Graph,
  { inputs, outputs, constants = new Map() }: GraphNames,
  { opset = OPSET, batched = new Set() }: EmitOptions = {},
): Uint8Array {
  const names = new Map<Value, string>(constants);
  graph.inputs.forEach((value, i) => {
    names.set(value, inputs[i]);
  });
  graph.outputs.forEach((value, i) => {
    names.set(value, outputs[i]);
  });
  const taken = new Set(names.values());
  const nameOf = (value: Value): string => {
    let name = names.get(value);
    if (name === undefined) {
      name = `v${value.id}`;
      while (taken.has(name)) name = `_${name}`;
      names.set(value, name);
    }
    return name;
  };
  const model = create(ModelProtoSchema, {
    irVersion: irVersion(opset),
    producerName: "blindspot",
    opsetImport: [
      { domain: "", version: BigInt(opset) },
      ...customDomains(graph).map((domain) => ({ domain, version: 1n })),
    ],
    graph: {
      name: "graph",
      input: usedInputs(graph).map((value) =>
        valueInfo(nameOf(value), value, { batched: batched.has(value) }),
      ),
      output: graph.outputs.map((value) => valueInfo(nameOf(value), value, { batched: batched.has(value) })),
      initializer: graph.constants.map((constant) => initializer(nameOf(constant.value), constant)),
      node: graph.nodes.map((node, i) => nodeProto(node, i, nameOf)),
    },
  });
  return toBinary(ModelProtoSchema, model);
}

/** The inputs that some node reads. ONNX Runtime refuses feeds for other inputs. */
export function usedInputs(graph: Graph): Value[] {
  const read = new Set(graph.nodes.flatMap((node) => node.inputs));
  return graph.inputs.filter((input) => read.has(input));
}

function customDomains(graph: Graph): string[] {
  return [...new Set(graph.nodes.map((node) => node.domain))].filter((domain) => domain !== "");
}

function valueInfo(
  name: string,
  { dtype, shape }: Value,
  { batched }: { readonly batched: boolean },
): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = shape.map((size, axis) =>
    batched && axis === 0
      ? { value: { case: "dimParam" as const, value: "N" } }
      : { value: { case: "dimValue" as const, value: BigInt(size) } },
  );
  const tensorType = { elemType: ELEMENT_TYPE[dtype], shape: { dim } };
  return { name, type: { value: { case: "tensorType", value: tensorType } } };
}

function initializer(name: string, { value, data }: Constant): MessageInitShape<typeof TensorProtoSchema> {
  return {
    name,
    dataType: ELEMENT_TYPE[value.dtype],
    dims: value.shape.map(BigInt),
    // ONNX wants little-endian data. Typed arrays are little-endian wherever ONNX Runtime runs.
    rawData: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
  };
}

function nodeProto(
  node: Node,
  index: number,
  nameOf: (value: Value) => string,
): MessageInitShape<typeof NodeProtoSchema> {
  const { op, domain, inputs, attributes, outputs } = node;
  return {
    opType: op,
    domain,
    name: nodeName(node, index),
    input: inputs.map(nameOf),
    output: outputs.map(nameOf),
    attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
  };
}

function attribute(name: string, value: Attribute): MessageInitShape<typeof AttributeProtoSchema> {
  if (typeof value === "number") return { name, type: AttributeType.INT, i: BigInt(value) };
  if (typeof value === "string")
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) };
  if ("float" in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: value.map(BigInt) };
}
