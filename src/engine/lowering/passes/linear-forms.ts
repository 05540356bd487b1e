import { sizeOf } from "../../../base/tensor.js";
import type { Graph, GraphBuilder, Value } from "../../graph/graph.js";
import * as ops from "../../graph/ops.js";
import type { Optimizations } from "../optimizations.js";
import { rewrite } from "./rewrite.js";

/**
 * Combines factors and offsets before they are applied to a large tensor.
 *
 * The pass writes each large value as a form Σᵢ coefᵢ ∘ baseᵢ + k. The bases are large values that
 * are computed already; coefficients and k are much smaller, one number per channel for example.
 * Then
 *
 *     a(bx + c) = (ab)x + ac        ax + bx = (a + b)x
 *     (ax)(by) = (ab)(xy)           Σ ax = a Σ x, where a is constant along the sum.
 *
 * So the backward pass of a normalization computes each of its two sums, over G and over y ∘ G,
 * once. Two steps would cancel digits and are never done: multiplying out a form of several terms,
 * and summing the terms of a form one by one.
 */
export function mergeLinearForms(graph: Graph, optimizations: Optimizations): Graph {
  const forms = new Map<Value, Form>();
  const axesOf = new Map(graph.constants.map(({ value, data }) => [value, Array.from(data, Number)]));
  return rewrite(graph, optimizations, ({ op, inputs, outputs, attributes, ...node }, { g, of, copy }) => {
    const result = outputs[0];
    const algebra = new Algebra(g);
    const formOf = (old: Value): Form => forms.get(old) ?? whole(of(old));
    const build = (): Form | undefined => {
      const [x, y] = inputs as [Value, Value];
      if (op === "Neg") return algebra.scaled(formOf(x), { scale: -1 });
      if (op === "ReduceSum") return algebra.summed(formOf(x), axesOf.get(y)!, result);
      if (op !== "Add" && op !== "Sub" && op !== "Mul") return undefined;
      const [a, b] = [isFull(x, result), isFull(y, result)];
      if (a && b) {
        if (op === "Mul") return algebra.product(formOf(x), formOf(y));
        return algebra.sum(formOf(x), op === "Add" ? formOf(y) : algebra.scaled(formOf(y), { scale: -1 }));
      }
      const [full, small] = a ? [x, y] : [y, x];
      if (!isFull(full, result) || !isSmall(small, result) || op === "Sub") return undefined;
      return op === "Mul"
        ? algebra.scaled(formOf(full), algebra.coefficient(of(small)))
        : algebra.shifted(formOf(full), of(small));
    };
    const form = isBig(op === "ReduceSum" ? inputs[0] : result) ? build() : undefined;
    if (form === undefined) return copy({ op, inputs, outputs, attributes, ...node });
    if (!isBig(result)) return [algebra.materialize(form)];
    forms.set(result, form);
    return () => algebra.materialize(form);
  });
}

/** The product scale · value. A missing value counts as 1. */
interface Coefficient {
  readonly scale: number;
  readonly value?: Value;
}

interface Term {
  readonly coefficient: Coefficient;
  /** A value of the form's shape. */
  readonly base: Value;
}

/**
 * A large value as Σ coefficient ∘ base + offset. Materializing a form of several terms computes
 * its value and replaces the terms by this value, so that later forms build on the value.
 */
interface Form {
  terms: readonly Term[];
  offset?: Value;
  value?: Value;
}

const ONE: Coefficient = { scale: 1 };

const whole = (base: Value): Form => ({ terms: [{ coefficient: ONE, base }], value: base });

/** Values of fewer elements are left as they are: there is nothing to gain. */
const FEWEST_ELEMENTS = 4096;

/** Coefficients and offsets have at least this many times fewer elements than the base. */
const SMALLER = 8;

const isBig = ({ shape, dtype }: Value): boolean => ops.isFloat(dtype) && sizeOf(shape) >= FEWEST_ELEMENTS;

const isFull = (x: Value, result: Value): boolean => `${x.shape}` === `${result.shape}`;

const isSmall = (
  x: { readonly shape: readonly number[] },
  result: { readonly shape: readonly number[] },
): boolean => sizeOf(x.shape) * SMALLER <= sizeOf(result.shape);

/** Most terms of a form. Sums of more terms are materialized first. */
const MOST_TERMS = 3;

/** Arithmetic of forms. A result is undefined where the form would not be cheaper than the node. */
class Algebra {
  constructor(private readonly g: GraphBuilder) {}

  /** `value` as a coefficient: as a number if it is a known scalar, else as a value. */
  coefficient(value: Value): Coefficient {
    const scale = this.g.scalarOf(value);
    return scale === undefined ? { scale: 1, value } : { scale };
  }

  /** c · form; undefined where the product of coefficients is no longer small. */
  scaled({ terms, offset }: Form, c: Coefficient): Form | undefined {
    const products = terms.map(({ coefficient, base }) => ({
      coefficient: this.times(coefficient, c),
      base,
    }));
    if (!products.every(({ coefficient, base }) => this.fits(coefficient, base))) return undefined;
    return {
      terms: products,
      offset: offset && this.valueOf(this.times(this.coefficient(offset), c), offset),
    };
  }

  /** form + k. */
  shifted({ terms, offset }: Form, k: Value): Form | undefined {
    const total = offset === undefined ? k : ops.elementwise(this.g, "Add", [offset, k]);
    return isSmall(total, terms[0].base) ? { terms, offset: total } : undefined;
  }

  /** a + b. */
  sum(a: Form, b: Form | undefined): Form | undefined {
    if (b === undefined) return undefined;
    for (const form of [a, b])
      if (a.terms.length + b.terms.length > MOST_TERMS && form.terms.length > 1) this.materialize(form);
    const terms = [...a.terms];
    for (const term of b.terms) {
      const at = terms.findIndex(({ base }) => base === term.base);
      if (at < 0) terms.push(term);
      else terms[at] = { base: term.base, coefficient: this.plus(terms[at].coefficient, term.coefficient) };
    }
    if (!terms.every(({ coefficient, base }) => this.fits(coefficient, base))) return undefined;
    const joined = { terms, offset: a.offset };
    return b.offset === undefined ? joined : this.shifted(joined, b.offset);
  }

  /** a ∘ b, each taken as one term. */
  product(a: Form, b: Form): Form | undefined {
    const [p, q] = [this.single(a), this.single(b)];
    const coefficient = this.times(p.coefficient, q.coefficient);
    if (!this.fits(coefficient, p.base)) return undefined;
    const bases = [p.base, q.base].sort((x, y) => x.id - y.id);
    return { terms: [{ coefficient, base: ops.elementwise(this.g, "Mul", bases) }] };
  }

  /** Σ form over `axes`; undefined where the coefficient varies along these axes. */
  summed(form: Form, axes: readonly number[], result: Value): Form | undefined {
    const { coefficient, base } = this.single(form);
    const rank = base.shape.length;
    const own = coefficient.value?.shape ?? [];
    const padded = [...Array<number>(rank - own.length).fill(1), ...own];
    if (axes.some((axis) => padded[axis] !== 1)) return undefined;
    const kept = padded.filter((_, axis) => !axes.includes(axis));
    const value = coefficient.value && ops.reshape(this.g, coefficient.value, kept);
    const total = ops.reduce(this.g, "ReduceSum", base, axes);
    if (`${total.shape}` !== `${result.shape}`) return undefined;
    return { terms: [{ coefficient: { ...coefficient, value }, base: total }] };
  }

  /** The form's value, which is computed at the first call. */
  materialize(form: Form): Value {
    if (form.value !== undefined) return form.value;
    // A term whose coefficient is −1 is subtracted: this saves a negation.
    const negated = ({ coefficient: { scale, value } }: Term) => scale === -1 && value === undefined;
    const [first, ...rest] = form.terms.toSorted((a, b) => Number(negated(a)) - Number(negated(b)));
    let total = this.termOf(first);
    for (const term of rest)
      total = negated(term)
        ? ops.elementwise(this.g, "Sub", [total, term.base])
        : ops.elementwise(this.g, "Add", [total, this.termOf(term)]);
    if (form.offset !== undefined) total = ops.elementwise(this.g, "Add", [total, form.offset]);
    if (form.terms.length > 1 || form.offset !== undefined) {
      form.terms = whole(total).terms;
      form.offset = undefined;
    }
    form.value = total;
    return total;
  }

  /** The form as one term without an offset. */
  private single(form: Form): Term {
    if (form.terms.length > 1 || form.offset !== undefined) this.materialize(form);
    return form.terms[0];
  }

  private termOf({ coefficient, base }: Term): Value {
    if (coefficient.value === undefined && coefficient.scale === 1) return base;
    if (coefficient.value === undefined && coefficient.scale === -1)
      return ops.elementwise(this.g, "Neg", [base]);
    return ops.elementwise(this.g, "Mul", [base, this.valueOf(coefficient, base)]);
  }

  /** The coefficient as a value of the element type of `like`. */
  private valueOf({ scale, value }: Coefficient, like: Value): Value {
    const factor = () => this.g.scalar(scale, like.dtype as "float32" | "float64");
    if (value === undefined) return factor();
    return scale === 1 ? value : ops.elementwise(this.g, "Mul", [value, factor()]);
  }

  private times(a: Coefficient, b: Coefficient): Coefficient {
    const value =
      a.value && b.value ? ops.elementwise(this.g, "Mul", [a.value, b.value]) : (a.value ?? b.value);
    return { scale: a.scale * b.scale, value };
  }

  private plus(a: Coefficient, b: Coefficient): Coefficient {
    if (a.value === b.value) return { scale: a.scale + b.scale, value: a.value };
    const like = (a.value ?? b.value)!;
    return {
      scale: 1,
      value: ops.elementwise(this.g, "Add", [this.valueOf(a, like), this.valueOf(b, like)]),
    };
  }

  private fits({ value }: Coefficient, base: Value): boolean {
    return value === undefined || isSmall(value, base);
  }
}
