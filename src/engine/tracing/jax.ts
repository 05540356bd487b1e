import * as jax from "@jax-js/jax";

/**
 * The only file that loads jax-js. jax-js reads the global `Float16Array`, which Node has from
 * version 24 on. blindspot makes no such array, so a stand-in class is enough.
 */
const scope = globalThis as { Float16Array?: unknown };
scope.Float16Array ??= class Float16Array extends Uint16Array {};

export const numpy: typeof import("@jax-js/jax").numpy = jax.numpy;
export const lax: typeof import("@jax-js/jax").lax = jax.lax;
export const vjp: typeof import("@jax-js/jax").vjp = jax.vjp;
export const jvp: typeof import("@jax-js/jax").jvp = jax.jvp;
export const vmap: typeof import("@jax-js/jax").vmap = jax.vmap;
export const makeJaxpr: typeof import("@jax-js/jax").makeJaxpr = jax.makeJaxpr;

/** A traced value as jax-js sees it. */
export type JaxArray = import("@jax-js/jax").Array;

/** An element type in jax-js, whose text is the name of the type. */
export type JaxDType = import("@jax-js/jax").DType;

export type { Traced } from "./traced.js";
