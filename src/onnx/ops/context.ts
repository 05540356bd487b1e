import { UserError } from "../../base/errors.js";
import type { DType } from "../../base/tensor.js";
import { dtypeOf, type Traced } from "../../engine/lang/index.js";
import { type OnnxGraph, type OnnxModel, type OnnxNode, showNode } from "../model.js";
import type { Host } from "../values/host.js";
import { isHost, toTraced, type Value } from "../values/value.js";

/** What an op may ask of the evaluation of its graph. */
export interface Scope {
  /** The model that the graph belongs to. */
  readonly model: OnnxModel;
  /** Element type of all floating-point values of the traced program. */
  readonly float: DType;
  /** The value of a name; undefined if no node has written it yet. */
  lookup(name: string): Value | undefined;
  /** The elements of a name if they are known while tracing; null if they depend on the data. */
  known(name: string): Host | null;
  /** Evaluates a subgraph and returns its outputs. The subgraph sees the names around it. */
  evaluate(graph: OnnxGraph): Value[];
}

/** One node with the values of its inputs: the argument of every op function. */
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

  /** Whether an optional input is given. */
  has(input: number): boolean {
    return !!this.node.inputs[input];
  }

  /** The value of an input. Throws a UserError if the input is missing. */
  value(input: number): Value {
    const name = this.node.inputs[input];
    const value = name ? this.scope.lookup(name) : undefined;
    if (value === undefined) throw this.error(`input ${input}${name ? ` ("${name}")` : ""} is missing`);
    return value;
  }

  /** The values of all inputs. */
  values(): Value[] {
    return this.node.inputs.map((_, i) => this.value(i));
  }

  /** The value of an input as a traced tensor. */
  traced(input: number): Traced {
    return toTraced(this.value(input), this.float);
  }

  /** The value of an input as a traced tensor. Throws a UserError if it is not floating-point. */
  tensor(input: number): Traced {
    const x = this.traced(input);
    if (dtypeOf(x) !== this.float)
      throw this.error(`input ${input} must be floating-point, got ${dtypeOf(x)}`);
    return x;
  }

  /**
   * The value of an input whose elements must be known while tracing: shapes, axes and the like.
   * Throws a UserError if they depend on the data.
   */
  host(input: number): Host {
    const value = this.value(input);
    const known = isHost(value) ? value : this.scope.known(this.node.inputs[input]);
    if (!known)
      throw this.error(
        `input "${this.node.inputs[input]}" must not depend on the data, because shapes are fixed while the model is traced`,
      );
    return known;
  }

  /** The known elements of a required input. */
  requiredNumbers(input: number): number[] {
    return [...this.host(input).data];
  }

  /** The known elements of an optional input; undefined if it is left out. */
  numbers(input: number): number[] | undefined {
    return this.has(input) ? this.requiredNumbers(input) : undefined;
  }

  /** A list that is an attribute in old operator sets and an optional input in newer ones. */
  axes(attribute: string, input: number): number[] | undefined {
    const given = this.attributes.numbers(attribute);
    return given ? [...given] : this.numbers(input);
  }

  /** A list that is an attribute in old operator sets and a required input in newer ones. */
  requiredAxes(attribute: string, input: number): number[] {
    return this.axes(attribute, input) ?? this.requiredNumbers(input);
  }

  /** `axis` counted from the front. Throws a UserError if it is out of range. */
  axis(axis: number, rank: number): number {
    const front = axis < 0 ? axis + rank : axis;
    if (!Number.isInteger(front) || front < 0 || front >= Math.max(rank, 1))
      throw this.error(`axis ${axis} is out of range for ${rank} axes`);
    return front;
  }

  /** An error whose message starts with file and node. */
  error(message: string): UserError {
    return new UserError(`${showNode(this.scope.model.path, this.node)}: ${message}`);
  }
}

/**
 * Evaluates a node. Returns its outputs in order, undefined for outputs that blindspot never
 * reads.
 */
export type Op = (node: NodeContext) => Value | readonly (Value | undefined)[];

/** Ops by ONNX name. */
export type OpTable = Readonly<Record<string, Op>>;
