import type { TensorSpec } from "../../base/tensor.js";
import { type JaxArray, makeJaxpr, numpy as np } from "./jax.js";

/**
 * Everything that the engine relies on inside jax-js, beyond jax-js's public functions.
 *
 * jax-js exports none of these types, so this file states them and makes every cast to them. Check
 * this file first when jax-js is upgraded. `lang/` may use jax-js's public functions (`jax.ts`),
 * `traceAbstract`, `isTraced` and `Provenance`, and nothing else of jax-js.
 */

/** Shape and element type of an abstract value. */
export interface Aval {
  readonly shape: number[];
  readonly dtype: string;
  /**
   * Whether the value was made from untyped numbers only. Such a value takes the type of its
   * neighbour.
   */
  readonly weakType: boolean;
}

export interface JaxVariable {
  readonly aval: Aval;
}

export interface JaxLiteral {
  readonly aval: Aval;
  readonly value: number;
}

export type JaxAtom = JaxVariable | JaxLiteral;

export const isLiteral = (atom: JaxAtom): atom is JaxLiteral => "value" in atom;

export interface JaxEquation {
  readonly primitive: string;
  readonly inputs: readonly JaxAtom[];
  readonly params: Readonly<Record<string, unknown>>;
  readonly outBinders: readonly JaxVariable[];
}

/** A recorded program. */
export interface Jaxpr {
  readonly inBinders: readonly JaxVariable[];
  readonly eqns: readonly JaxEquation[];
  readonly outs: readonly JaxAtom[];
  /** The same program with nested `jit` equations inlined. */
  flatten(): Jaxpr;
}

/** An array that a program holds as a constant. */
export interface JaxConstant {
  readonly aval: Aval;
  readonly ref: JaxConstant;
  dataSync(): ArrayLike<number>;
  dispose(): void;
}

/** A recorded program with its constants, which are its first inputs. */
export interface ClosedJaxpr {
  readonly jaxpr: Jaxpr;
  readonly consts: readonly JaxConstant[];
}

type MakeJaxpr = (
  f: (...args: JaxArray[]) => readonly JaxArray[],
) => (...avals: Aval[]) => { readonly jaxpr: ClosedJaxpr };

const anyArray = np.zeros([1]);

/** jax-js's class of abstract values. It is not exported, but every array holds an instance. */
const ShapedArray = anyArray.aval.constructor as unknown as new (
  shape: number[],
  dtype: string,
  weakType: boolean,
) => Aval;

/** jax-js's base class of arrays and of abstract arrays. It is not exported. */
const Tracer = Object.getPrototypeOf(anyArray.constructor) as { readonly prototype: object };

/** Whether `value` is an array of jax-js, abstract or not. */
export const isTraced = (value: unknown): value is JaxArray =>
  typeof value === "object" && value !== null && Object.prototype.isPrototypeOf.call(Tracer.prototype, value);

/** Records what `fn` does with abstract values of these shapes and element types. */
export function traceAbstract(
  fn: (...args: JaxArray[]) => readonly JaxArray[],
  specs: readonly TensorSpec[],
): ClosedJaxpr {
  const abstract = specs.map(({ shape, dtype }) => new ShapedArray([...shape], dtype, false));
  // By its declared type makeJaxpr takes arrays; it takes abstract values as well.
  return (makeJaxpr as unknown as MakeJaxpr)(fn)(...abstract).jaxpr;
}

// An abstract value has no number. Without this method, JavaScript computes NaN from `x * 2` and
// decides `x > 0` as false; the graph would be wrong, silently. Arrays that hold numbers have a
// method of their own.
Object.defineProperty(Tracer.prototype, Symbol.toPrimitive, {
  value(this: object, hint: string): string {
    if (hint === "string") return this.toString();
    throw new TypeError(
      "a traced value holds no number, so JavaScript's operators cannot use it; call the functions of `lang`",
    );
  },
});

/** The recorder of equations while a function is traced. */
export interface Recorder {
  addEqn(equation: { readonly outBinders: readonly object[] }): void;
}

/** The recorder of the program that `tracer` belongs to. */
export const recorderOf = (tracer: object): Recorder =>
  (tracer as { readonly _trace: { readonly builder: Recorder } })._trace.builder;

/**
 * A step that jax-js keeps for the backward pass. `prim` names its primitive and is read as a
 * property key.
 */
export interface KeptStep {
  readonly type: string;
  prim: string | { toString(): string };
}

/** The part of jax-js that keeps the linear steps of a function being differentiated. */
export interface LinearTrace {
  processPrimitive(
    primitive: string,
    tracers: unknown[],
    params: object,
  ): readonly { readonly recipe: KeptStep | null }[];
}

/**
 * The prototype of the linear traces that `primal` is differentiated with; undefined outside of
 * differentiation.
 */
export function linearTracePrototypeOf(primal: unknown): LinearTrace | undefined {
  const trace = (primal as { readonly tangent?: { readonly _trace: object } } | undefined)?.tangent?._trace;
  const prototype = trace && (Object.getPrototypeOf(trace) as Partial<LinearTrace>);
  return prototype?.processPrimitive === undefined ? undefined : (prototype as LinearTrace);
}
