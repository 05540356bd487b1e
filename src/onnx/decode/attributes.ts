import type { AttributeProto } from "onnx-buf";
import { AttributeProto_AttributeType as Type } from "onnx-buf";
import type { Initializer, OnnxGraph } from "../model.js";

type Attribute =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "numbers"; readonly value: readonly number[] }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: Initializer }
  | { readonly kind: "graph"; readonly value: OnnxGraph };

interface Kinds {
  number: number;
  numbers: readonly number[];
  string: string;
  strings: readonly string[];
  tensor: Initializer;
  graph: OnnxGraph;
}

/** The attributes of one node, by name and expected kind. An attribute of another kind counts as absent. */
export class Attributes {
  readonly #byName: ReadonlyMap<string, Attribute>;

  constructor(byName: ReadonlyMap<string, Attribute> = new Map()) {
    this.#byName = byName;
  }

  get<K extends keyof Kinds>(kind: K, name: string): Kinds[K] | undefined {
    const attribute = this.#byName.get(name);
    return attribute?.kind === kind ? (attribute.value as Kinds[K]) : undefined;
  }

  number(name: string, otherwise: number): number {
    return this.get("number", name) ?? otherwise;
  }

  numbers(name: string): readonly number[] | undefined {
    return this.get("numbers", name);
  }

  string(name: string, otherwise: string): string {
    return this.get("string", name) ?? otherwise;
  }

  /** Every subgraph (the branches of If, the body of Loop). */
  graphs(): OnnxGraph[] {
    return [...this.#byName.values()].flatMap((a) => (a.kind === "graph" ? [a.value] : []));
  }
}

/** How the attribute decoder reads the two kinds that hold more than numbers. */
export interface Nested {
  readonly tensor: (proto: NonNullable<AttributeProto["t"]>) => Initializer;
  readonly graph: (proto: NonNullable<AttributeProto["g"]>) => OnnxGraph;
}

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
