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

/**
 * A stored tensor: an initializer, or the value of a Constant node. Its elements are decoded on
 * demand.
 */
export interface Initializer {
  readonly name: string;
  /** Element type in the file. */
  readonly elementType: ElementType;
  /** Shape, and the element type of the tensor that `load` returns. */
  readonly spec: TensorSpec;
  /** True for the value of a Constant node: a number of the program, no parameter of the model. */
  readonly constant: boolean;
  /** True if the elements lie in another file beside the model. */
  readonly external: boolean;
  /** The elements as numbers. Values of int64 beyond ±2^53 lose their last digits. */
  numbers(): ArrayLike<number>;
  /**
   * The tensor. Half floats are widened to float32.
   *
   * @throws UserError if a 64-bit integer does not fit 32 bits.
   */
  load(): Tensor;
}

/** A graph input or output. */
export interface ValueInfo {
  readonly name: string;
  /** Null if the file does not say, or says a type that blindspot does not read. */
  readonly elementType: ElementType | null;
  /** Symbolic dimensions are strings, unknown ones null. Null if the file gives no shape. */
  readonly shape: readonly (number | string | null)[] | null;
}

/** The value of a node's attribute, by kind. */
export type Attribute =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "numbers"; readonly value: readonly number[] }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: Initializer }
  | { readonly kind: "graph"; readonly value: OnnxGraph };

/** The type of the value of each kind of attribute. */
interface Kinds {
  number: number;
  numbers: readonly number[];
  string: string;
  strings: readonly string[];
  tensor: Initializer;
  graph: OnnxGraph;
}

/** The attributes of one node. An attribute of another kind than asked for counts as absent. */
export class Attributes {
  readonly #byName: ReadonlyMap<string, Attribute>;

  constructor(byName: ReadonlyMap<string, Attribute> = new Map()) {
    this.#byName = byName;
  }

  /** The value of attribute `name`, or undefined if it is absent. */
  get<K extends keyof Kinds>(kind: K, name: string): Kinds[K] | undefined {
    const attribute = this.#byName.get(name);
    return attribute?.kind === kind ? (attribute.value as Kinds[K]) : undefined;
  }

  /** A number, or `otherwise` if the attribute is absent. */
  number(name: string, otherwise: number): number {
    return this.get("number", name) ?? otherwise;
  }

  /** A list of numbers. */
  numbers(name: string): readonly number[] | undefined {
    return this.get("numbers", name);
  }

  /** A string, or `otherwise` if the attribute is absent. */
  string(name: string, otherwise: string): string {
    return this.get("string", name) ?? otherwise;
  }

  /** Every subgraph: the branches of If, the body of Loop. */
  graphs(): OnnxGraph[] {
    return [...this.#byName.values()].flatMap((a) => (a.kind === "graph" ? [a.value] : []));
  }
}

/** A node of a graph: one application of an operator. */
export interface OnnxNode {
  /** The node's name; the name of its first output if the file gives none. */
  readonly name: string;
  /** Name of the operator. */
  readonly op: string;
  /** Operator set of the op; "" is ONNX itself. */
  readonly domain: string;
  /** Names of the values read; "" for an optional input that is left out. */
  readonly inputs: readonly string[];
  /** Names of the values written; "" for an optional output that is left out. */
  readonly outputs: readonly string[];
  readonly attributes: Attributes;
  /** Whether this normalization runs with its stored statistics. */
  readonly frozen?: boolean;
}

/** A graph, or a subgraph of a node. */
export interface OnnxGraph {
  /** Inputs that the caller must feed: those without an initializer. */
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  /** Every value is written before it is read. Constant nodes are left out: see `initializers`. */
  readonly nodes: readonly OnnxNode[];
  /** Stored tensors and values of Constant nodes, by name. */
  readonly initializers: ReadonlyMap<string, Initializer>;
}

/** A decoded ONNX file. */
export interface OnnxModel extends OnnxGraph {
  /** Path of the file. */
  readonly path: string;
  /** Name and version of the exporter. */
  readonly producer: string;
  /** Version of the default operator set. */
  readonly opset: number;
}

/** The place of a node, for messages: `model.onnx: Conv node "/conv1/Conv"`. */
export const showNode = (path: string, node: OnnxNode): string => `${path}: ${node.op} node "${node.name}"`;
