import type { DType, TensorData } from "../../base/tensor.js";
import { OPTIMIZED, type Optimizations } from "../lowering/optimizations.js";
import type { SourceLine } from "../tracing/source-line.js";

/** Element types inside a graph. int64 occurs in constants only: shapes, axes and indices. */
export type GraphDType = DType | "int64";

/**
 * An edge of the graph: a dense tensor in C order that is an input, a constant or the result of a
 * node.
 */
export interface Value {
  /** Differs between the values of a graph. */
  readonly id: number;
  readonly dtype: GraphDType;
  readonly shape: readonly number[];
}

/** An attribute of a node. A plain number is an integer; `float` marks floating-point numbers. */
export type Attribute = number | string | readonly number[] | Float;

/** A floating-point number, which ONNX stores as float32. */
export interface Float {
  readonly float: number;
}

/**
 * `value` as a floating-point attribute of an ONNX node. Plain numbers are integer attributes.
 *
 * @param value - The number. ONNX stores it as float32.
 * @returns The attribute.
 *
 * @example
 * ```ts
 * import { type Attribute, float } from "blindspot/engine";
 *
 * const attributes: Record<string, Attribute> = { axis: 1, epsilon: float(1e-5) };
 * ```
 */
export const float = (value: number): Float => ({ float: value });

/** One operator of the graph. */
export interface Node {
  /** Name of the operator. */
  readonly op: string;
  /** Domain of the operator; "" for standard ONNX. */
  readonly domain: string;
  readonly inputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: readonly Value[];
  /** Where the node comes from. Used in the node's name and in profiles only. */
  readonly origin: Origin;
}

/** Where a node comes from. A shared node has the origin of its first use. */
export interface Origin {
  /** The primitive whose rule made the node; "output" for nodes that only lay out a result. */
  readonly primitive: string;
  /** The calls of the traced function, innermost first, where they were recorded. */
  readonly source?: readonly SourceLine[];
}

export type ConstantData = TensorData | BigInt64Array;

/** A value whose elements are stored in the graph. */
export interface Constant {
  readonly value: Value;
  readonly data: ConstantData;
}

/** A straight-line program: every node reads inputs, constants or outputs of earlier nodes. */
export interface Graph {
  readonly inputs: readonly Value[];
  readonly constants: readonly Constant[];
  readonly nodes: readonly Node[];
  readonly outputs: readonly Value[];
}

/** An id that no value of the graph has. */
export function nextId({ inputs, constants, nodes }: Graph): number {
  let largest = -1;
  const see = ({ id }: Value) => {
    largest = Math.max(largest, id);
  };
  inputs.forEach(see);
  for (const { value } of constants) see(value);
  for (const { outputs } of nodes) outputs.forEach(see);
  return largest + 1;
}

export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly domain?: string;
}

type ValueType = Pick<Value, "dtype" | "shape">;

/**
 * Builds a graph in which equal nodes are shared: asking for a node or constant that exists returns
 * the existing values. This is sound, because the operators used are pure functions.
 */
export class GraphBuilder {
  private readonly inputs: Value[] = [];
  private readonly nodes: Node[] = [];
  private readonly constants: Constant[] = [];
  /** Constants by `contentKey`. Constants with the same key may still differ. */
  private readonly alike = new Map<string, Constant[]>();
  private readonly constantOf = new Map<Value, Constant>();
  private readonly known = new Map<string, readonly Value[]>();
  private readonly producers = new Map<Value, Node>();
  private readonly vanishingOf = new Map<GraphDType, Value>();
  private nextId = 0;
  /** The origin of the nodes that are made next. */
  origin: Origin = { primitive: "" };

  constructor(readonly optimizations: Optimizations = OPTIMIZED) {}

  /** A new input of the graph. */
  input(type: ValueType): Value {
    const value = this.value(type);
    this.inputs.push(value);
    return value;
  }

  /** A constant with these elements in C order. */
  constant(dtype: GraphDType, shape: readonly number[], data: ConstantData): Value {
    const key = `${dtype}[${shape}]${contentKey(data)}`;
    const alike = this.alike.get(key) ?? [];
    const known = alike.find((constant) => sameContent(constant.data, data));
    if (known !== undefined) return known.value;
    const value = this.value({ dtype, shape });
    const constant = { value, data };
    this.constants.push(constant);
    this.alike.set(key, [...alike, constant]);
    this.constantOf.set(value, constant);
    return value;
  }

  /** A constant list of whole numbers. ONNX operators take shapes and axes in this form. */
  int64(values: readonly number[]): Value {
    return this.constant("int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A constant of shape [], rounded to `dtype`. */
  scalar(value: number, dtype: DType): Value {
    return this.constant(dtype, [], storageOf(dtype).of(value));
  }

  /**
   * The scalar 0 that x − x makes. Whatever it multiplies vanishes, even where that is not finite:
   * the tensor language writes derivatives with it.
   */
  vanishing(dtype: DType): Value {
    let zero = this.vanishingOf.get(dtype);
    if (zero === undefined) {
      zero = this.value({ dtype, shape: [] });
      const constant = { value: zero, data: storageOf(dtype).of(0) };
      this.constants.push(constant);
      this.constantOf.set(zero, constant);
      this.vanishingOf.set(dtype, zero);
    }
    return zero;
  }

  /** Whether `value` is the 0 of `vanishing`. */
  isVanishing(value: Value): boolean {
    return this.vanishingOf.get(value.dtype) === value;
  }

  /** The number that a scalar constant holds; undefined for any other value. */
  scalarOf(value: Value): number | undefined {
    if (value.shape.length > 0) return undefined;
    const data = this.constantOf.get(value)?.data;
    return data === undefined ? undefined : Number(data[0]);
  }

  /** Whether the elements of `value` are stored in the graph. */
  isConstant(value: Value): boolean {
    return this.constantOf.has(value);
  }

  /** The result of a node with one output. */
  node(op: string, inputs: readonly Value[], type: ValueType, options: NodeOptions = {}): Value {
    return this.multi(op, inputs, [type], options)[0];
  }

  /** The results of a node with any number of outputs. */
  multi(
    op: string,
    inputs: readonly Value[],
    types: readonly ValueType[],
    { attributes = {}, domain = "" }: NodeOptions = {},
  ): readonly Value[] {
    const key = `${domain}.${op}(${inputs.map((v) => v.id)})${JSON.stringify(attributes)}`;
    let outputs = this.known.get(key);
    if (outputs === undefined) {
      outputs = this.append({
        op,
        domain,
        inputs,
        attributes,
        outputs: types.map((type) => this.value(type)),
        origin: this.origin,
      });
      this.known.set(key, outputs);
    }
    return outputs;
  }

  private append(node: Node): readonly Value[] {
    this.nodes.push(node);
    for (const output of node.outputs) this.producers.set(output, node);
    return node.outputs;
  }

  /** The node that computes `value`; undefined for inputs and constants. */
  producer(value: Value): Node | undefined {
    return this.producers.get(value);
  }

  /** The graph built so far, with these outputs. */
  finish(outputs: readonly Value[]): Graph {
    return {
      inputs: this.inputs,
      constants: this.constants,
      nodes: this.nodes,
      outputs,
    };
  }

  private value({ dtype, shape }: ValueType): Value {
    return { id: this.nextId++, dtype, shape };
  }
}

const STORAGE = {
  float32: Float32Array,
  float64: Float64Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
} as const;

function storageOf(dtype: DType): { of(...values: number[]): TensorData } {
  return STORAGE[dtype];
}

/**
 * Constants of at most this many elements are compared by content; larger ones by the identity of
 * their arrays.
 */
const COMPARED = 1 << 16;

const keys = new WeakMap<ConstantData, string>();
let nextIdentity = 0;

/** A hash of the content: equal for equal content, and rarely equal for other content. */
function contentKey(data: ConstantData): string {
  let key = keys.get(data);
  if (key === undefined) {
    key = data.length <= COMPARED ? String(hash(bytesOf(data))) : `#${nextIdentity++}`;
    keys.set(data, key);
  }
  return key;
}

function sameContent(a: ConstantData, b: ConstantData): boolean {
  if (a === b) return true;
  if (a.length > COMPARED) return false;
  // Bytes are compared, so −0 and 0 differ, and NaN equals itself.
  const [x, y] = [bytesOf(a), bytesOf(b)];
  return x.length === y.length && x.every((byte, i) => byte === y[i]);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ConstantData): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** The hash function FNV-1a with 32 bits. */
function hash(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return h;
}
