import { UserError } from "../base/errors.js";
import { type DType, sizeOf } from "../base/tensor.js";
import type { Traced } from "../engine/lang/index.js";
import { type Initializer, type OnnxGraph, type OnnxModel, type OnnxNode, showNode } from "./model.js";
import { NodeContext, type Scope } from "./ops/context.js";
import { opOf } from "./ops/table.js";
import { Host, hostTypeOf } from "./values/host.js";
import { isHost, toTraced, type Value } from "./values/value.js";

/**
 * Constant nodes with more floats than this become inputs of the program; smaller ones are written
 * into it.
 */
const inlineLimit = 1024;

/**
 * The longest stored vector that can take part in shape arithmetic: a few numbers for each axis.
 */
const shortVector = 16;

/**
 * Whether a stored tensor is an input of the traced function. Integers and single numbers are not:
 * they decide shapes, axes and bounds, which must be known while tracing.
 */
export function isParameter({ elementType, spec, constant }: Initializer): boolean {
  const float = ["float32", "float64", "float16", "bfloat16"].includes(elementType);
  const size = sizeOf(spec.shape);
  if (!float || (size <= 1 && spec.shape.length < 2)) return false;
  return !constant || size > inlineLimit;
}

/** Evaluates the nodes of a graph one after another and holds the value of every name. */
export class Evaluation implements Scope {
  readonly #values: Map<string, Value>;
  readonly #hosts = new Map<string, Host>();

  /**
   * @param values - The values that are known before the first node runs.
   * @param subgraph - A branch or loop body of the model to evaluate in place of the model's graph,
   *   and the scope around it.
   */
  constructor(
    readonly model: OnnxModel,
    readonly float: DType,
    values: ReadonlyMap<string, Value>,
    private readonly subgraph: { readonly graph: OnnxGraph; readonly outer: Scope } | null = null,
  ) {
    this.#values = new Map(values);
  }

  get #graph(): OnnxGraph {
    return this.subgraph?.graph ?? this.model;
  }

  lookup(name: string): Value | undefined {
    return this.#values.get(name) ?? this.#host(name) ?? this.subgraph?.outer.lookup(name);
  }

  /** The traced value of a name. */
  traced(name: string): Traced {
    const value = this.lookup(name);
    if (value === undefined)
      throw new UserError(`${this.model.path}: value "${name}" is read but never computed`);
    return toTraced(value, this.float);
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }

  known(name: string): Host | null {
    const value = this.#values.get(name);
    if (value && isHost(value)) return value;
    return this.#host(name) ?? this.subgraph?.outer.known(name) ?? null;
  }

  /** A copy in which some names have other values. */
  with(values: ReadonlyMap<string, Value>): Evaluation {
    return new Evaluation(this.model, this.float, new Map([...this.#values, ...values]), this.subgraph);
  }

  run(node: OnnxNode): void {
    const op = opOf(node);
    if (!op) {
      const domain = node.domain ? `${node.domain}.` : "";
      throw new UserError(
        `${this.model.path}: op ${domain}${node.op} (node "${node.name}") is not supported; export the model without it, or record a trace instead`,
      );
    }
    let results: ReturnType<typeof op>;
    try {
      results = op(new NodeContext(node, this.#steersShapes(node) ? new KnownFirst(this) : this));
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`${showNode(this.model.path, node)}: ${(error as Error).message}`, 2, {
        cause: error,
      });
    }
    const list = Array.isArray(results) ? results : [results as Value];
    for (const [i, name] of node.outputs.entries())
      if (name && list[i] !== undefined) this.#values.set(name, list[i]);
  }

  evaluate(graph: OnnxGraph): Value[] {
    const inner = new Evaluation(this.model, this.float, new Map(), { graph, outer: this });
    for (const node of graph.nodes) inner.run(node);
    return graph.outputs.map(({ name }) => {
      const value = inner.lookup(name);
      if (value === undefined)
        throw new UserError(`${this.model.path}: value "${name}" of a branch is never computed`);
      return value;
    });
  }

  #host(name: string): Host | undefined {
    const found = this.#hosts.get(name);
    const stored = this.#graph.initializers.get(name);
    if (found || !stored) return found;
    const host = Host.of(hostTypeOf(stored.elementType), stored.spec.shape, stored.numbers());
    this.#hosts.set(name, host);
    return host;
  }

  /**
   * Whether a node belongs to shape arithmetic: it combines numbers computed on the host with small
   * stored vectors, such as the scale factors of an interpolation. Those vectors are then read as
   * numbers, not as weights.
   */
  #steersShapes(node: OnnxNode): boolean {
    const names = node.inputs.filter(Boolean);
    const computed = (name: string) => {
      const value = this.#values.get(name);
      return value !== undefined && isHost(value);
    };
    const stored = (name: string) => {
      const shape = this.#graph.initializers.get(name)?.spec.shape;
      return shape !== undefined && shape.length <= 1 && sizeOf(shape) <= shortVector;
    };
    return names.some(computed) && names.every((name) => computed(name) || stored(name));
  }
}

/**
 * A scope that gives the stored elements of a name where there are any, instead of its traced
 * value.
 */
class KnownFirst implements Scope {
  readonly model: OnnxModel;
  readonly float: DType;

  constructor(private readonly scope: Scope) {
    this.model = scope.model;
    this.float = scope.float;
  }

  lookup(name: string): Value | undefined {
    return this.known(name) ?? this.scope.lookup(name);
  }

  known(name: string): Host | null {
    return this.scope.known(name);
  }

  evaluate(graph: OnnxGraph): Value[] {
    return this.scope.evaluate(graph);
  }
}
