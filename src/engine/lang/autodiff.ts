import { describeValue } from "../tracing/describe-value.js";
import { type JaxArray, jvp as jaxJvp, vjp as jaxVjp } from "../tracing/jax.js";
import { Provenance } from "../tracing/provenance.js";
import type { Traced, TracedFunction } from "../tracing/traced.js";
import { borrow, checkTraced } from "./borrow.js";
import { dtypeOf, scalar } from "./core.js";

export type { TracedFunction };

/**
 * Values of `f` and its pullback, the function that maps cotangents of the values to cotangents of
 * the arguments: v ↦ Jᵀv, where J is the Jacobian of `f` at `primals`.
 *
 * @param f - Returns the values to differentiate, `out`, and other values, `aux`, which pass
 * through.
 * @param primals - The arguments at which `f` is evaluated and differentiated.
 * @returns `out` and `aux` of `f`. `pullback` takes one cotangent for each value of `out`, of its
 * shape, and returns one for each of `primals`.
 */
export function vjp<Aux extends Traced[]>(
  f: (...args: Traced[]) => { out: Traced[]; aux: Aux },
  primals: readonly Traced[],
): { out: Traced[]; aux: Aux; pullback: (cotangents: readonly Traced[]) => Traced[] } {
  checkList("primals", primals);
  const [out, back, aux] = jaxVjp(
    (...args: JaxArray[]): [JaxArray[], JaxArray[]] => {
      Provenance.active?.watchDifferentiation(args);
      const { out, aux } = checkObject("{ out, aux }", f(...args));
      checkList("out", out);
      checkList("aux", aux);
      return [out.map(borrow), aux.map(borrow)];
    },
    primals.map(borrow),
    { hasAux: true },
  );
  Provenance.active?.leave();
  const pullback = (cotangents: readonly Traced[]) => {
    checkAlike("cotangent", cotangents, out);
    const gradients = back(cotangents.map(borrow));
    Provenance.active?.leave();
    return gradients;
  };
  // jax-js returns the list that `f` returned as `aux`, in a copy, and declares it as a list of any
  // length.
  return { out, aux: aux as Traced[] as Aux, pullback };
}

/**
 * Value of a scalar function and its gradient, ∂value/∂primalᵢ for each i.
 *
 * @param f - Returns the scalar to differentiate, `value` of shape [], and other values, `aux`,
 * which pass through.
 * @param primals - The arguments at which `f` is evaluated and differentiated.
 * @returns `value` and `aux` of `f`, and `grads`: one gradient for each of `primals`, of its shape.
 */
export function valueAndGrad<Aux extends Traced[]>(
  f: (...args: Traced[]) => { value: Traced; aux: Aux },
  primals: readonly Traced[],
): { value: Traced; aux: Aux; grads: Traced[] } {
  const { out, aux, pullback } = vjp((...args) => {
    const { value, aux } = checkObject("{ value, aux }", f(...args));
    const { shape } = checkTraced(value);
    if (shape.length > 0)
      throw new TypeError(
        `expected a scalar as value, got ${describeValue(value)}; sum it to differentiate it`,
      );
    return { out: [value], aux };
  }, primals);
  const value = out[0];
  return { value, aux, grads: pullback([scalar(1, dtypeOf(value))]) };
}

/**
 * Values of `f` and their derivative along a direction, J · tangents, where J is the Jacobian of
 * `f`.
 *
 * @param f - The function to differentiate.
 * @param primals - The arguments at which `f` is evaluated and differentiated.
 * @param tangents - The direction: one tangent for each of `primals`, of its shape.
 * @returns `out`, the values of `f`, and `tangent`, one for each of them.
 */
export function jvp(
  f: TracedFunction,
  primals: readonly Traced[],
  tangents: readonly Traced[],
): { out: Traced[]; tangent: Traced[] } {
  checkList("primals", primals);
  checkAlike("tangent", tangents, primals);
  const [out, tangent] = jaxJvp(
    (...args: JaxArray[]) => {
      const results = f(...args);
      checkList("the result of the differentiated function", results);
      return results.map(borrow);
    },
    primals.map(borrow),
    tangents.map(borrow),
  );
  return { out, tangent };
}

function checkObject<T>(expected: string, result: T): T {
  if (typeof result === "object" && result !== null && Object.getPrototypeOf(result) === Object.prototype)
    return result;
  throw new TypeError(
    `expected the differentiated function to return ${expected}, got ${describeValue(result)}`,
  );
}

function checkList(name: string, values: unknown): void {
  if (!Array.isArray(values))
    throw new TypeError(`${name}: expected an array of traced values, got ${describeValue(values)}`);
  for (const value of values) checkTraced(value);
}

/**
 * Throws unless there is one value of the same shape for each of `others`: jax-js does not check
 * shapes.
 */
function checkAlike(name: string, values: readonly Traced[], others: readonly Traced[]): void {
  checkList(`${name}s`, values);
  if (values.length !== others.length)
    throw new TypeError(`expected ${others.length} ${name}s, got ${values.length}`);
  for (const [i, { shape }] of others.entries())
    if (`${values[i].shape}` !== `${shape}`)
      throw new TypeError(`${name} ${i}: expected shape [${shape}], got [${values[i].shape}]`);
}
