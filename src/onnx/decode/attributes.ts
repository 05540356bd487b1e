import type { AttributeProto } from "onnx-buf";
import { AttributeProto_AttributeType as Type } from "onnx-buf";
import { type Attribute, Attributes, type Initializer, type OnnxGraph } from "../model.js";

/** Decoders for the kinds of attributes that hold messages of their own. */
export interface Nested {
  readonly tensor: (proto: NonNullable<AttributeProto["t"]>) => Initializer;
  readonly graph: (proto: NonNullable<AttributeProto["g"]>) => OnnxGraph;
}

/** Decodes the attributes of a node; skips kinds that blindspot does not read. */
export function decodeAttributes(protos: readonly AttributeProto[], nested: Nested): Attributes {
  const byName = new Map<string, Attribute>();
  for (const proto of protos) {
    const attribute = decode(proto, nested);
    if (attribute) byName.set(proto.name, attribute);
  }
  return new Attributes(byName);
}

const utf8 = new TextDecoder();

function decode(proto: AttributeProto, nested: Nested): Attribute | null {
  switch (proto.type) {
    case Type.FLOAT:
      return { kind: "number", value: proto.f };
    case Type.INT:
      return { kind: "number", value: Number(proto.i) };
    case Type.STRING:
      return { kind: "string", value: utf8.decode(proto.s) };
    case Type.FLOATS:
      return { kind: "numbers", value: proto.floats };
    case Type.INTS:
      return { kind: "numbers", value: proto.ints.map(Number) };
    case Type.STRINGS:
      return { kind: "strings", value: proto.strings.map((s) => utf8.decode(s)) };
    case Type.TENSOR:
      return proto.t ? { kind: "tensor", value: nested.tensor(proto.t) } : null;
    case Type.GRAPH:
      return proto.g ? { kind: "graph", value: nested.graph(proto.g) } : null;
    default:
      return null;
  }
}
