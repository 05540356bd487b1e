import { lang, type Traced } from "../../engine/index.js";
import type { Case } from "../cases.js";
import type { Check, Context } from "../context.js";
import { evaluate, float64 } from "../evaluate.js";
import { channelSizes, describe, forward, type Pass } from "../phases.js";
import { roundingBound } from "../rounding.js";

/** A Hessian-vector product and its inputs. */
interface Product {
  /** G = ∂L/∂y. */
  readonly gradient: Float64Array;
  /** U, the direction at x. */
  readonly direction: Float64Array;
  /** The product, or its distance from another way to compute it. */
  readonly product: Float64Array;
}

/** Bound on the rounding of a Hessian-vector product, relative to rms(G)·rms(U)/σ². */
function secondOrderBound(pass: Pass, { gradient, direction }: Product, d: number): number {
  const { case: c, reference } = pass;
  const sizes = [gradient, direction, reference.y].map((values) => channelSizes(values, c));
  const [g, u, y] = sizes.map(({ peak, rms }) => (rms[d] === 0 ? 1 : peak[d] / rms[d]));
  return roundingBound({
    elements: c.elements,
    kappa: Math.abs(reference.mean[d]) / reference.sigma[d],
    // The means run over products of three factors: G, dy and y.
    peakY: y * u,
    peakG: g,
    // The product has five summands where the gradient has one, and y enters them twice.
    amplification: 8,
    products: 1,
  });
}

/** Records the size of `product` in each channel, relative to rms(G)·rms(U)/σ². */
function recordProduct(context: Context, pass: Pass, inputs: Product): void {
  const { case: c, reference } = pass;
  const [g, u, p] = [inputs.gradient, inputs.direction, inputs.product].map(
    (values) => channelSizes(values, c).rms,
  );
  for (let d = 0; d < c.channels; d++) {
    if (reference.sigma[d] === 0) continue;
    const value = (p[d] * reference.sigma[d] ** 2) / (g[d] * u[d]);
    context.record(value, secondOrderBound(pass, inputs, d), () => describe(pass, d));
  }
}

/** ∂²L_grad/∂x² = 0 at any ε: G is a constant. */
export const firstOrderHessian: Check = {
  id: "first-order-hessian",
  statement: "The Hessian of L_grad with respect to x is 0, at any ε",
  source: "docs/theory.md, section 5",
  relation: "at most",
  run(context) {
    for (const c of context.cases()) {
      const pass = forward(context.subject, c, context.pick([0, 1e-5, 0.1]));
      const shared = context.normals(c.channels);
      const gradient = perElement(c, (d) => shared[d]);
      const direction = context.normals(c.x.length);
      const flat = (tangent: Float64Array) => tangent.map(() => 0);
      const product = context.subject.hessianVector(
        { direction, gradient, curvature: flat },
        pass.standardized,
        c.layout,
      );
      recordProduct(context, pass, { gradient, direction, product });
    }
  },
};

/** ∂²L_diag/∂x² = 0 at ε = 0: G is a multiple of y plus a constant. */
export const diagonalHessian: Check = {
  id: "diagonal-hessian",
  statement: "The Hessian of L_diag with respect to x is 0 at ε = 0",
  source: "docs/theory.md, section 5",
  relation: "at most",
  run(context) {
    for (const c of context.cases()) {
      const pass = forward(context.subject, c, 0);
      const [slope, offset] = [context.normals(c.channels), context.normals(c.channels)];
      const y = pass.standardized.y;
      const gradient = perElement(c, (d, e) => slope[d] * y[e] + offset[d]);
      const direction = context.normals(c.x.length);
      const curvature = (tangent: Float64Array) => perElement(c, (d, e) => slope[d] * tangent[e]);
      const product = context.subject.hessianVector(
        { direction, gradient, curvature },
        pass.standardized,
        c.layout,
      );
      recordProduct(context, pass, { gradient, direction, product });
    }
  },
};

/**
 * For L = Σ sin(w∘y), compares the closed form with forward-over-reverse differentiation through
 * batch norm.
 */
export const hessianVectorForm: Check = {
  id: "hessian-vector-form",
  statement: "The closed form of the Hessian-vector product equals autodiff",
  source: "docs/theory.md, section 5",
  relation: "at most",
  async run(context) {
    // Each trial compiles a program, so a twentieth of the trials must be enough.
    for (const c of context.cases(["ordinary", "N·H·W", "n = 2", "D = 1"], {
      trials: context.trials / 20,
    })) {
      const epsilon = context.pick([0, 1e-5, 0.1]);
      const pass = forward(context.subject, c, epsilon);
      const { y } = pass.standardized;
      const w = context.normals(c.x.length);
      const direction = context.normals(c.x.length);
      const norm = context.subject.norm("bn", { epsilon });

      // L(y) = Σ sin(w∘y).
      const gradient = y.map((v, e) => w[e] * Math.cos(w[e] * v));
      const curvature = (tangent: Float64Array) =>
        tangent.map((t, e) => -(w[e] ** 2) * Math.sin(w[e] * y[e]) * t);
      const product = context.subject.hessianVector(
        { direction, gradient, curvature },
        pass.standardized,
        c.layout,
      );
      const gradientOf =
        (weights: Traced) =>
        (x: Traced): Traced => {
          const loss = (value: Traced) => lang.sum(lang.sin(lang.mul(weights, norm.standardize(value, []))));
          return lang.valueAndGrad((value) => ({ value: loss(value), aux: [] }), [x]).grads[0];
        };
      const [oracle] = await evaluate(
        (x, u, weights) => lang.jvp((value) => [gradientOf(weights)(value)], [x], [u]).tangent,
        [c.x, direction, w].map((data) => float64(data, c.shape)),
      );
      recordProduct(context, pass, {
        gradient,
        direction,
        product: product.map((v, e) => v - oracle[e]),
      });
    }
  },
};

/** A tensor of the shape of the case, with each value from its channel and element. */
function perElement(c: Case, value: (channel: number, element: number) => number): Float64Array {
  const positions = c.elements / c.shape[0];
  return c.x.map((_, e) => value(Math.floor(e / positions) % c.channels, e));
}
