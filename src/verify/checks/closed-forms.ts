import type { NormName } from "../../nn/index.js";
import { addressesOf } from "../../theory/index.js";
import type { Check } from "../context.js";
import { evaluate, float64, withPullback } from "../evaluate.js";
import { roundingBound } from "../rounding.js";

/** Norms whose standardization is `standardize` of src/theory with some layout. */
const STANDARDIZING: readonly NormName[] = ["bn", "ghost:2", "ln", "gn:2", "in", "rms", "frn", "ws"];

/**
 * Compares y and ∂L/∂x of the closed forms with automatic differentiation through each norm of
 * src/nn.
 */
export const adjointForm: Check = {
  id: "adjoint-form",
  statement: `∂L/∂x = (G − mean G − y·mean(G∘y))/σ equals autodiff, ${STANDARDIZING.length} norms`,
  source: "Ioffe and Szegedy 2015; docs/theory.md, section 2",
  relation: "at most",
  async run(context) {
    for (let trial = 0; trial < Math.max(1, context.trials / 25); trial++)
      for (const name of STANDARDIZING) {
        context.countTrial();
        const epsilon = context.pick([0, 1e-5, 0.1]);
        const norm = context.subject.norm(name, { epsilon });
        const shape = [4, 2 * (1 + context.random.below(3)), 2 + context.random.below(3), 2];
        const size = shape.reduce((a, b) => a * b, 1);
        const [shift, spread] = [10 ** context.random.uniform(-2, 4), 10 ** context.random.uniform(-2, 2)];
        const x = context.normals(size).map((v) => spread * v + shift);
        const gradient = context.normals(size);

        const blocked = norm.blocks(shape);
        if (blocked === null) throw new Error(`${norm.title} declares no blocked directions`);
        const { layout, ones: centred } = blocked;
        const expected = context.subject.standardize(x, layout, { epsilon, centred });
        const closed = context.subject.adjoint(gradient, expected, layout);
        const [y, autodiff] = await evaluate(
          withPullback((value) => norm.standardize(value, [])),
          [float64(gradient, shape), float64(x, shape)],
        );

        const { starts, offsets } = addressesOf(layout);
        for (let g = 0; g < starts.length; g++) {
          const read = (values: Float64Array) => Float64Array.from(offsets, (o) => values[starts[g] + o]);
          const [groupY, groupG] = [read(expected.y), read(gradient)];
          const rms = norm2(groupG) / Math.sqrt(groupG.length);
          const sigma = expected.sigma[g];
          const mean = read(x).reduce((a, b) => a + b, 0) / offsets.length;
          const bound = roundingBound({
            elements: offsets.length,
            // The norms of src/nn sum x itself, not its distance from the first value. So the
            // mean has √n times the rounding.
            kappa: (Math.abs(mean) / sigma) * Math.sqrt(offsets.length),
            peakY: Math.max(...groupY.map(Math.abs)),
            peakG: Math.max(...groupG.map(Math.abs)) / rms,
            amplification: 2,
            products: 1,
          });
          const where = () => `${norm.title}, x [${shape.join(", ")}], ε = ${epsilon}, group ${g}`;
          const off = (a: Float64Array, b: Float64Array) => norm2(read(a).map((v, i) => v - read(b)[i]));
          context.record((off(autodiff, closed) * sigma) / norm2(groupG), bound, () => `∂L/∂x, ${where()}`);
          context.record(off(y, expected.y) / Math.sqrt(offsets.length), bound, () => `y, ${where()}`);
        }
      }
  },
};

const norm2 = (values: Float64Array): number => Math.hypot(...values);
