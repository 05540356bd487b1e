import { UserError } from "../../base/errors.js";
import type { DType } from "../../base/tensor.js";
import { dtypeOf, type Traced } from "../../engine/lang/index.js";
import { type OnnxGraph, type OnnxModel, type OnnxNode, showNode } from "../model.js";
import type { Host } from "../values/host.js";
import { isHost, toTraced, type Value } from "../values/value.js";

/** What an op may ask of the evaluation it is part of. */
export interface Scope {
  readonly model: OnnxModel;
  /** Element type that all floating values of the graph take. */
  readonly float: DType;
  lookup(name: string): Value | undefined;
  /** The elements behind a name, where they are known without running the model. */
  known(name: string): Host | null;
  /** Evaluates a subgraph, which sees the names around it, and yields its outputs. */
  evaluate(graph: OnnxGraph): Value[];
}

/** One node with its inputs, as the op functions see it. */
export class NodeContext {
  constructor(
    readonly node: OnnxNode,
    readonly scope: Scope,
  ) {}

  get opset(): number {
    return this.scope.model.opset;
  }

  get float(): DType {
    return this.scope.float;
  }

  get inputCount(): number {
    return this.node.inputs.length;
  }

  get attributes() {
    return this.node.attributes;
  }

  has(input: number): boolean {
    return !!this.node.inputs[input];
  }

  value(input: number): Value {
    const name = this.node.inputs[input];
    const value = name ? this.scope.lookup(name) : undefined;
    if (value === undefined) throw this.error(`input ${input}${name ? ` ("${name}")` : ""} is missing`);
    return value;
  }

  values(): Value[] {
    return this.node.inputs.map((_, i) => this.value(i));
  }

  traced(input: number): Traced {
    return toTraced(this.value(input), this.float);
  }

  /** A tensor that must be floating. */
  tensor(input: number): Traced {
    const x = this.traced(input);
    if (dtypeOf(x) !== this.float) throw this.error(`input ${input} must be floating, got ${dtypeOf(x)}`);
    return x;
  }

  /** An input whose elements decide the shape of the program. */
  host(input: number): Host {
    const value = this.value(input);
    const known = isHost(value) ? value : this.scope.known(this.node.inputs[input]);
    if (!known)
      throw this.error(
        `input "${this.node.inputs[input]}" must not depend on the data, because shapes are fixed while the model is traced`,
      );
    return known;
  }

  /** The elements of a known input, or undefined where it is left out. */
  numbers(input: number): number[] | undefined {
    return this.has(input) ? [...this.host(input).data] : undefined;
  }

  /** Axes from an attribute in old operator sets, from an input in newer ones. */
  axes(attribute: string, input: number): number[] | undefined {
    const given = this.attributes.numbers(attribute);
    return given ? [...given] : this.numbers(input);
  }

  /** `axis` counted from the front. */
  axis(axis: number, rank: number): number {
    const front = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(front) || front < 0 || front >= Math.max(rank, 1))
      throw this.error(`axis ${axis} is out of range for ${rank} axes`);
    return front;
  }

  error(message: string): UserError {
    return new UserError(`${showNode(this.scope.model.path, this.node)}: ${message}`);
  }
}

/** The meaning of one op: its outputs in order, undefined for those that blindspot has no use for. */
export type Op = (node: NodeContext) => Value | readonly (Value | undefined)[];

/** Ops of one family by ONNX name. */
export type OpTable = Readonly<Record<string, Op>>;
