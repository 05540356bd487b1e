import { readFile } from "node:fs/promises";
import { fromBinary } from "@bufbuild/protobuf";
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  type NodeProto,
  type ValueInfoProto,
} from "onnx-buf";
import { UserError } from "../../base/errors.js";
import type { Initializer, OnnxGraph, OnnxModel, OnnxNode, ValueInfo } from "../model.js";
import { markFrozen } from "../norms/frozen.js";
import { decodeAttributes } from "./attributes.js";
import { formatOf } from "./elements.js";
import { inlineFunctions } from "./functions.js";
import { expandMicrosoftNorm } from "./microsoft.js";
import { decodeTensor } from "./tensors.js";

/**
 * Reads the model in an ONNX file. Weights are not decoded until they are needed. External data are
 * located and checked.
 *
 * @param path - Path of the file.
 * @returns The decoded model.
 * @throws UserError if the file cannot be read, is incomplete or holds no ONNX graph.
 * @example
 * ```ts
 * import { readModel } from "blindspot/onnx";
 *
 * const model = await readModel("examples/glyphs.onnx");
 * console.log(`opset ${model.opset}, ${model.nodes.length} nodes`);
 * ```
 */
export async function readModel(path: string): Promise<OnnxModel> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw new UserError(`${path}: cannot read the model: ${(error as Error).message}`, 2, { cause: error });
  }
  return decodeModel(path, bytes);
}

/**
 * Decodes a model from the bytes of an ONNX file.
 *
 * @param path - Path of the file: names it in messages and locates external data.
 * @param bytes - The whole file.
 * @returns The decoded model.
 * @throws UserError if the bytes are incomplete or hold no ONNX graph.
 * @example
 * ```ts
 * import { readFile } from "node:fs/promises";
 * import { decodeModel } from "blindspot/onnx";
 *
 * const path = "examples/glyphs.onnx";
 * const model = decodeModel(path, await readFile(path));
 * console.log(model.inputs.map(({ name }) => name));
 * ```
 */
export function decodeModel(path: string, bytes: Uint8Array): OnnxModel {
  const proto = parse(path, bytes);
  const opset = proto.opsetImport.find((o) => o.domain === "" || o.domain === "ai.onnx");
  if (!proto.graph || !opset || proto.graph.output.length === 0)
    throw new UserError(
      `${path}: expected an ONNX model, got a file without ${proto.graph ? "operator set or outputs" : "a graph"}; is it complete?`,
    );
  return markFrozen({
    ...decodeGraph(path, inlineFunctions(path, proto.graph, proto.functions)),
    path,
    producer: [proto.producerName, proto.producerVersion].filter(Boolean).join(" "),
    opset: Number(opset.version),
  });
}

function parse(path: string, bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw new UserError(
      `${path}: expected an ONNX model, got ${bytes.length} bytes that do not decode (${(error as Error).message}); is the file complete?`,
      2,
      { cause: error },
    );
  }
}

function decodeGraph(path: string, graph: GraphProto): OnnxGraph {
  const initializers = new Map<string, Initializer>();
  for (const proto of graph.initializer) initializers.set(proto.name, decodeTensor(path, proto));

  const nodes: OnnxNode[] = [];
  for (const proto of graph.node) {
    const node = decodeNode(path, proto);
    const constant = constantValue(node);
    const expanded = expandMicrosoftNorm(node, (name, type, values) =>
      inline(name, type, [values.length], values),
    );
    for (const added of expanded?.constants ?? []) initializers.set(added.name, added);
    if (constant) initializers.set(constant.name, constant);
    else nodes.push(...(expanded?.nodes ?? [node]));
  }
  return {
    inputs: graph.input.filter((i) => !initializers.has(i.name)).map(decodeValueInfo),
    outputs: graph.output.map(decodeValueInfo),
    nodes,
    initializers,
  };
}

function decodeNode(path: string, proto: NodeProto): OnnxNode {
  return {
    name: proto.name || proto.output.find(Boolean) || "",
    op: proto.opType,
    domain: proto.domain === "ai.onnx" ? "" : proto.domain,
    inputs: proto.input,
    outputs: proto.output,
    attributes: decodeAttributes(proto.attribute, {
      tensor: (t) => decodeTensor(path, t, { name: proto.output[0], constant: true }),
      graph: (g) => decodeGraph(path, g),
    }),
  };
}

/** The value of a Constant node, from whichever attribute holds it; null for other nodes. */
function constantValue({ op, domain, outputs, attributes }: OnnxNode): Initializer | null {
  if (op !== "Constant" || domain !== "") return null;
  const tensor = attributes.get("tensor", "value");
  if (tensor) return tensor;
  const name = outputs[0];
  const single = (type: "float32" | "int64") => (value: number) => inline(name, type, [], [value]);
  const list = (type: "float32" | "int64") => (values: readonly number[]) =>
    inline(name, type, [values.length], values);
  const when = <T>(value: T | undefined, make: (value: T) => Initializer) =>
    value === undefined ? null : make(value);
  return (
    when(attributes.get("number", "value_float"), single("float32")) ??
    when(attributes.get("number", "value_int"), single("int64")) ??
    when(attributes.get("numbers", "value_floats"), list("float32")) ??
    when(attributes.get("numbers", "value_ints"), list("int64"))
  );
}

/** A tensor whose elements are in an attribute. */
function inline(
  name: string,
  elementType: "float32" | "int64",
  shape: readonly number[],
  values: readonly number[],
): Initializer {
  const float = elementType === "float32";
  const spec = { shape, dtype: float ? ("float32" as const) : ("int32" as const) };
  return {
    name,
    elementType,
    constant: true,
    external: false,
    spec,
    numbers: () => values,
    load: () => ({ ...spec, data: float ? Float32Array.from(values) : Int32Array.from(values) }),
  };
}

function decodeValueInfo({ name, type }: ValueInfoProto): ValueInfo {
  if (type?.value.case !== "tensorType") return { name, elementType: null, shape: null };
  const { elemType, shape } = type.value.value;
  return {
    name,
    elementType: formatOf(elemType)?.name ?? null,
    shape:
      shape?.dim.map(({ value }) =>
        value.case === "dimValue" ? Number(value.value) : value.case === "dimParam" ? value.value : null,
      ) ?? null,
  };
}
