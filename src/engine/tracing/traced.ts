/**
 * A value while a function is traced: an abstract array with a shape and an element type, without
 * elements.
 *
 * Every traced value is an array of jax-js. This type states the part that callers may rely on, so
 * that jax-js's own types do not reach the users of this package.
 */
export interface Traced {
  /** Size of every axis. */
  readonly shape: number[];
  /** Element type, one of `DType`; `lang.dtypeOf` returns it typed. */
  readonly dtype: string;
  /** Number of axes. */
  readonly ndim: number;
  /** Number of elements. */
  readonly size: number;
}

/** A function of traced values: it takes any number of values and returns a list of values. */
export type TracedFunction = (...args: Traced[]) => Traced[];
