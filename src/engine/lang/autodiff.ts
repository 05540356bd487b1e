import { jvp as jaxJvp, vjp as jaxVjp } from "../tracing/jax.js";
import { Provenance } from "../tracing/provenance.js";
import type { Traced } from "../tracing/traced.js";
import { borrow } from "./borrow.js";
import { dtypeOf, scalar } from "./core.js";

/** A function of traced values, flat on both sides. */
export type TracedFunction = (...args: Traced[]) => Traced[];

/**
 * Values of `f` at `primals` and the pullback that maps cotangents (one per output) to the cotangents of
 * `primals`. `aux` of `f` passes through undifferentiated.
 */
export function vjp<Aux extends Traced[]>(
  f: (...args: Traced[]) => { out: Traced[]; aux: Aux },
  primals: readonly Traced[],
): { out: Traced[]; aux: Aux; pullback: (cotangents: readonly Traced[]) => Traced[] } {
  const [out, back, aux] = jaxVjp(
    (...args: Traced[]) => {
      Provenance.active?.watchDifferentiation(args);
      const { out, aux } = f(...args);
      return [out.map(borrow), aux.map(borrow)] as never;
    },
    primals.map(borrow) as never,
    { hasAux: true },
  ) as unknown as [Traced[], (cotangents: Traced[]) => Traced[], Aux];
  Provenance.active?.leave();
  const pullback = (cotangents: readonly Traced[]) => {
    const gradients = back(cotangents.map(borrow));
    Provenance.active?.leave();
    return gradients;
  };
  return { out, aux, pullback };
}

/** Value and gradient of a scalar function, with auxiliary values. */
export function valueAndGrad<Aux extends Traced[]>(
  f: (...args: Traced[]) => { value: Traced; aux: Aux },
  primals: readonly Traced[],
): { value: Traced; aux: Aux; grads: Traced[] } {
  const { out, aux, pullback } = vjp((...args) => {
    const { value, aux } = f(...args);
    return { out: [value], aux };
  }, primals);
  const value = out[0];
  return { value, aux, grads: pullback([scalar(1, dtypeOf(value))]) };
}

/** Values of `f` and its directional derivative along `tangents`. */
export function jvp(
  f: TracedFunction,
  primals: readonly Traced[],
  tangents: readonly Traced[],
): { out: Traced[]; tangent: Traced[] } {
  const [out, tangent] = jaxJvp(
    (...args: Traced[]) => f(...args).map(borrow) as never,
    primals.map(borrow) as never,
    tangents.map(borrow) as never,
  ) as unknown as [Traced[], Traced[]];
  return { out, tangent };
}
