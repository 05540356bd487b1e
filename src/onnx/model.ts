import type { Tensor, TensorSpec } from "../base/tensor.js";

/** Element types that ONNX files hold and blindspot reads. */
export type ElementType =
  | "float16"
  | "bfloat16"
  | "float32"
  | "float64"
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "bool"
  | "string";

/** A tensor stored in the file (or beside it): an initializer or the value of a Constant node. Read on demand. */
export interface Initializer {
  readonly name: string;
  readonly elementType: ElementType;
  readonly spec: TensorSpec;
  /** Written by a Constant node: a number of the program rather than a parameter of the model. */
  readonly constant: boolean;
  /** Stored in another file beside the model's. */
  readonly external: boolean;
  /** The elements as numbers; int64 beyond ±2^53 lose their last digits. */
  numbers(): ArrayLike<number>;
  /** As a tensor of `spec`: half floats widened to float32, 64-bit integers checked to fit 32 bits. */
  load(): Tensor;
}

/** A graph input or output. Unknown dimensions are null, symbolic ones strings. */
export interface ValueInfo {
  readonly name: string;
  readonly elementType: ElementType | null;
  readonly shape: readonly (number | string | null)[] | null;
}

export type Attribute =
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

export interface OnnxNode {
  /** The node's name, or its first output where it has none. */
  readonly name: string;
  readonly op: string;
  /** Operator set the op belongs to; "" is ONNX itself. */
  readonly domain: string;
  /** Names of values; "" where an optional input is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
}

export interface OnnxGraph {
  /** Inputs that the caller must give: those without an initializer. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** In an order in which every value is written before it is read; Constant nodes became initializers. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, Initializer>;
}

export interface OnnxModel extends OnnxGraph {
  readonly path: string;
  readonly producer: string;
  /** Version of the default operator set. */
  readonly opset: number;
}

/** Where a node is, for messages: `model.onnx: Conv node "/conv1/Conv"`. */
export const showNode = (path: string, node: OnnxNode): string => `${path}: ${node.op} node "${node.name}"`;
