/**
 * The one place that loads jax-js. It needs a global `Float16Array` to exist (Node has it from version 24
 * on); blindspot never creates such an array, so a stand-in type is enough.
 */
const scope = globalThis as { Float16Array?: unknown };
scope.Float16Array ??= class Float16Array extends Uint16Array {};

const jax = await import("@jax-js/jax");
await jax.init("cpu", "wasm");

export const numpy: typeof import("@jax-js/jax").numpy = jax.numpy;
export const lax: typeof import("@jax-js/jax").lax = jax.lax;
export const vjp: typeof import("@jax-js/jax").vjp = jax.vjp;
export const jvp: typeof import("@jax-js/jax").jvp = jax.jvp;
export const vmap: typeof import("@jax-js/jax").vmap = jax.vmap;
export const makeJaxpr: typeof import("@jax-js/jax").makeJaxpr = jax.makeJaxpr;

/** A value while a function is traced: an abstract array with `shape` and `dtype`, no elements. */
export type Traced = import("@jax-js/jax").Array;
