import type { DType, TensorData } from "../../base/tensor.js";
import { OPTIMIZED, type Optimizations } from "../lowering/optimizations.js";
import type { SourceLine } from "../tracing/source-line.js";

/** Element types inside a graph: int64 only in constants of shapes, axes and indices. */
export type GraphDType = DType | "int64";

/** An edge of the graph: the dense C-order result of one node, an input or a constant. */
export interface Value {
  readonly id: number;
  readonly dtype: GraphDType;
  readonly shape: readonly number[];
}

/** Numbers are whole ones, but for those that `float` marks. */
export type Attribute = number | string | readonly number[] | Float;

/** A number that ONNX keeps as float32. */
export interface Float {
  readonly float: number;
}

export const float = (value: number): Float => ({ float: value });

export interface Node {
  readonly op: string;
  /** "" is the standard ONNX domain. */
  readonly domain: string;
  readonly inputs: readonly Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  readonly outputs: readonly Value[];
  /** What asked for the node first. Names the node, nothing more. */
  readonly origin: Origin;
}

export interface Origin {
  /** The primitive whose rule made the node; "output" for what only lays out a result. */
  readonly primitive: string;
  readonly source?: readonly SourceLine[];
}

export type ConstantData = TensorData | BigInt64Array;

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

/** A number that no value of the graph has yet. */
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
 * Builds a graph in which equal work is done once: asking for a node or a constant that is already there
 * returns the values that are already there (ONNX operators used here are pure functions).
 */
export class GraphBuilder {
  private readonly inputs: Value[] = [];
  private readonly nodes: Node[] = [];
  private readonly constants: Constant[] = [];
  /** Constants that may be equal, by `contentKey`. */
  private readonly alike = new Map<string, Constant[]>();
  private readonly constantOf = new Map<Value, Constant>();
  private readonly known = new Map<string, readonly Value[]>();
  private readonly producers = new Map<Value, Node>();
  private nextId = 0;
  /** The origin of nodes that are made from now on. */
  origin: Origin = { primitive: "" };

  constructor(readonly optimizations: Optimizations = OPTIMIZED) {}

  input(type: ValueType): Value {
    const value = this.value(type);
    this.inputs.push(value);
    return value;
  }

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

  /** A list of whole numbers, as shapes, axes and repeats are given to ONNX operators. */
  int64(values: readonly number[]): Value {
    return this.constant("int64", [values.length], BigInt64Array.from(values, BigInt));
  }

  /** A number, rounded to what `dtype` holds. */
  scalar(value: number, dtype: DType): Value {
    return this.constant(dtype, [], storageOf(dtype).of(value));
  }

  /** The number a scalar constant holds; undefined for every other value. */
  scalarOf(value: Value): number | undefined {
    if (value.shape.length > 0) return undefined;
    const data = this.constantOf.get(value)?.data;
    return data === undefined ? undefined : Number(data[0]);
  }

  /** The only result of a node of type `op`. */
  node(op: string, inputs: readonly Value[], type: ValueType, options: NodeOptions = {}): Value {
    return this.multi(op, inputs, [type], options)[0];
  }

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

/** Up to this many elements constants are compared by their content, above by the identity of their arrays. */
const COMPARED = 1 << 16;

const keys = new WeakMap<ConstantData, string>();
let nextIdentity = 0;

/** Equal for equal content; rarely for other content. */
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
  // Bytes, so that −0 and 0 differ and NaN equals itself.
  const [x, y] = [bytesOf(a), bytesOf(b)];
  return x.length === y.length && x.every((byte, i) => byte === y[i]);
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ConstantData): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** FNV-1a, 32 bits. */
function hash(bytes: Uint8Array): number {
  let h = 0x811c9dc5;
  for (const byte of bytes) h = Math.imul(h ^ byte, 0x01000193);
  return h;
}
