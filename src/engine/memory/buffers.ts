import { sizeOf } from "../../tensor.js";
import type { Graph, GraphDType, Node, Value } from "../graph.js";

/** A stretch of memory that holds one value after another, from the step that makes the first to the last one's last use. */
export interface Buffer {
  readonly bytes: number;
  readonly tenants: readonly Tenant[];
}

/** A value in a buffer, with those that overwrite it in place. */
export interface Tenant {
  /** Steps of the node that makes it and of the last node that touches it. */
  readonly from: number;
  to: number;
}

interface Allocation extends Buffer {
  readonly tenants: Tenant[];
  /** Type and shape of the first value, where ONNX Runtime knows the shape. */
  readonly kind: number | null;
  /** Reads still to come. */
  reads: number;
}

const BYTES: Record<GraphDType, number> = { float32: 4, float64: 8, int32: 4, uint32: 4, int64: 8, bool: 1 };

/** Operators that ONNX Runtime lets write over their operand; of those the engine emits, no other. */
const IN_PLACE = new Set(["Relu"]);

/** Operators whose result has the shape that operands of one rank broadcast to. */
const BROADCASTING = new Set([
  ...[
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Max",
    "Min",
    "Mod",
    "Less",
    "LessOrEqual",
    "Equal",
    "And",
    "Or",
    "Xor",
    "Where",
  ],
]);

/** Whether the shape of an operand alone tells the result's: nothing of it can be broadcast. */
const fills = (operand: Value, { shape }: Value): boolean =>
  operand.shape.length === shape.length && operand.shape.every((n, axis) => n === shape[axis] && n > 1);

/** What planning asks of a value again and again. */
interface Known {
  readonly bytes: number;
  /** A number for its type and shape; null for a scalar, whose memory nobody takes over. */
  readonly kind: number | null;
  readonly reads: number;
  readonly isResult: boolean;
}

/**
 * The buffers ONNX Runtime plans for the values of a graph executed in this `order`. It hands the buffer of a dead value to the
 * next value of the same type and shape, however much later that comes, and frees it after the last of them; but only
 * where it knows the shape beforehand, which it does not from a Reshape that is told its shape by another node (or is one of
 * `opaque`) to the next one.
 */
export class BufferPlanner {
  private readonly values = new Map<Value, Known>();
  private readonly given: ReadonlySet<Value>;

  constructor(
    graph: Graph,
    private readonly order: readonly Node[],
  ) {
    this.given = new Set([...graph.inputs, ...graph.constants.map(({ value }) => value)]);
    const reads = new Map<Value, number>();
    for (const { inputs } of order) for (const input of inputs) reads.set(input, 1 + (reads.get(input) ?? 0));
    const results = new Set(graph.outputs);
    const kinds = new Map<string, number>();
    for (const { outputs } of order)
      for (const value of outputs) {
        const { dtype, shape } = value;
        const name = `${dtype}[${shape}]`;
        if (!kinds.has(name)) kinds.set(name, kinds.size);
        this.values.set(value, {
          bytes: sizeOf(shape) * BYTES[dtype],
          kind: shape.length === 0 ? null : kinds.get(name)!,
          reads: results.has(value) ? Number.POSITIVE_INFINITY : (reads.get(value) ?? 0),
          isResult: results.has(value),
        });
      }
  }

  plan(opaque: ReadonlySet<Node>): Buffer[] {
    const known = new Set<Value>(this.given);
    const buffers: Allocation[] = [];
    const bufferOf = new Map<Value, Allocation>();
    const idle = new Map<number, Allocation[]>();

    const takeIdle = (kind: number, step: number): Allocation | undefined => {
      const buffer = idle.get(kind)?.pop();
      buffer?.tenants.push({ from: step, to: step });
      return buffer;
    };
    const allocate = (bytes: number, kind: number | null, step: number): Allocation => {
      const buffer = { bytes, kind, reads: 0, tenants: [{ from: step, to: step }] };
      buffers.push(buffer);
      return buffer;
    };
    const touch = (buffer: Allocation | undefined, step: number, reads: number) => {
      if (buffer === undefined) return;
      buffer.tenants.at(-1)!.to = step;
      buffer.reads -= reads;
      if (buffer.reads > 0 || buffer.kind === null) return;
      const list = idle.get(buffer.kind) ?? [];
      idle.set(buffer.kind, list);
      if (!list.includes(buffer)) list.push(buffer);
    };

    for (const [step, node] of this.order.entries()) {
      const { op, inputs, outputs } = node;
      const isKnown =
        op === "Reshape"
          ? this.given.has(inputs[1]!) && !opaque.has(node)
          : inputs.every((input) => known.has(input)) ||
            (BROADCASTING.has(op) && inputs.some((input) => known.has(input) && fills(input, outputs[0]!)));
      for (const [i, output] of outputs.entries()) {
        const value = this.values.get(output)!;
        const kind = isKnown ? value.kind : null;
        if (isKnown) known.add(output);
        let buffer: Allocation | undefined;
        if (op === "Reshape" && !value.isResult) {
          buffer = bufferOf.get(inputs[0]!);
          // Another name for an input or a constant, which no buffer holds.
          if (buffer === undefined) continue;
        } else if (kind !== null && !value.isResult) {
          const overwritten = (input: Value) =>
            bufferOf.get(input)?.reads === 1 && this.values.get(input)!.kind === kind;
          const own = i === 0 && IN_PLACE.has(op) ? inputs.find(overwritten) : undefined;
          buffer = own === undefined ? takeIdle(kind, step) : bufferOf.get(own);
        }
        buffer ??= allocate(value.bytes, kind, step);
        buffer.reads += value.reads;
        bufferOf.set(output, buffer);
      }
      for (const input of inputs) touch(bufferOf.get(input), step, 1);
      for (const output of outputs) touch(bufferOf.get(output), step, 0);
    }
    for (const { reads, tenants } of buffers) if (reads > 0) tenants.at(-1)!.to = this.order.length;
    return buffers;
  }
}

/** The bytes that buffers take at each step. */
export function usage(buffers: readonly Buffer[], steps: number): Float64Array {
  const bytes = new Float64Array(steps + 2);
  for (const { bytes: size, tenants } of buffers) {
    bytes[tenants[0]!.from]! += size;
    bytes[tenants.at(-1)!.to + 1]! -= size;
  }
  for (let step = 1; step < bytes.length; step++) bytes[step]! += bytes[step - 1]!;
  return bytes;
}
