import { describe, expect, it } from "vitest";
import { lang, type Traced } from "../../src/engine/index.js";
import { type Norm, type NormName, norm } from "../../src/nn/index.js";
import {
  addressesOf,
  type Standardized,
  standardize,
  standardizeAdjoint,
  standardizeHessianVector,
} from "../../src/theory/index.js";
import { checksOf } from "../../src/verify/checks/index.js";
import { Context } from "../../src/verify/context.js";
import { type Subject, verify } from "../../src/verify/index.js";
import { ownCode } from "../../src/verify/subject.js";

/** A broken normalization, and the checks that must fail for it. */
interface Mutant {
  readonly title: string;
  readonly fails: readonly string[];
  readonly subject: Partial<Subject>;
}

/** A standardization with other statistics, and y computed from those. */
const withStatistics =
  (
    change: (
      s: { mean: number; variance: number },
      epsilon: number,
      n: number,
    ) => [mean: number, sigma: number],
  ): typeof standardize =>
  (x, layout, options = {}) => {
    const right = standardize(x, layout, options);
    const { starts, offsets } = addressesOf(layout);
    const wrong = { ...right, y: right.y.slice(), mean: right.mean.slice(), sigma: right.sigma.slice() };
    for (const [g, start] of starts.entries()) {
      const statistics = { mean: right.mean[g], variance: right.variance[g] };
      const [mean, sigma] = change(statistics, options.epsilon ?? 0, offsets.length);
      wrong.mean[g] = mean;
      wrong.sigma[g] = sigma;
      for (const offset of offsets)
        wrong.y[start + offset] = sigma === 0 ? 0 : (x[start + offset] - mean) / sigma;
    }
    return wrong;
  };

/** An adjoint with only some of its terms. */
const adjointOf =
  (kept: { mean: boolean; y: boolean; sigma: boolean }): typeof standardizeAdjoint =>
  (gradient, standardized, layout) => {
    const { y, sigma }: Standardized = standardized;
    const { starts, offsets } = addressesOf(layout);
    const result = new Float64Array(gradient.length);
    for (const [g, start] of starts.entries()) {
      const at = Array.from(offsets, (offset) => start + offset);
      const average = (value: (e: number) => number) => at.reduce((sum, e) => sum + value(e), 0) / at.length;
      const shared = kept.mean ? average((e) => gradient[e]) : 0;
      const alongY = kept.y ? average((e) => gradient[e] * y[e]) : 0;
      for (const e of at)
        result[e] = sigma[g] === 0 ? 0 : (gradient[e] - shared - y[e] * alongY) / (kept.sigma ? sigma[g] : 1);
    }
    return result;
  };

/** Replaces one norm of src/nn. */
const withNorm = (
  name: NormName,
  change: (own: Norm, epsilon: number) => Partial<Norm>,
): Partial<Subject> => ({
  norm: (asked, options) => {
    const own = norm(asked, options);
    return asked === name ? { ...own, ...change(own, own.epsilon) } : own;
  },
});

const axes = (x: Traced) => x.shape.map((_, i) => i).filter((i) => i !== 1);
const meanOf = (x: Traced) => lang.mean(x, axes(x), { keepdims: true });
const varianceOf = (x: Traced) => meanOf(lang.square(lang.sub(x, meanOf(x))));
const batch = (sigma: (variance: Traced, n: number) => Traced) => (x: Traced) =>
  lang.div(lang.sub(x, meanOf(x)), sigma(varianceOf(x), x.size / x.shape[1]));

const mutants: Mutant[] = [
  {
    title: "the adjoint without its y term",
    fails: [
      "theorem-2",
      "epsilon-leak",
      "positions",
      "any-point",
      "ill-conditioned",
      "adjoint-form",
      "energies",
      "real-losses",
      "correlated-channels",
    ],
    subject: { adjoint: adjointOf({ mean: true, y: false, sigma: true }) },
  },
  {
    title: "the adjoint without the mean",
    fails: ["theorem-1", "theorem-2", "positions", "corollary", "adjoint-form", "standardization-alone"],
    subject: { adjoint: adjointOf({ mean: false, y: true, sigma: true }) },
  },
  {
    title: "the adjoint without the division by σ",
    fails: ["adjoint-form", "off-diagonal-form", "energies"],
    subject: { adjoint: adjointOf({ mean: true, y: true, sigma: false }) },
  },
  {
    title: "ε outside the root",
    fails: ["epsilon-leak", "adjoint-form"],
    subject: { standardize: withStatistics(({ mean, variance }, e) => [mean, Math.sqrt(variance) + e]) },
  },
  {
    title: "no ε",
    fails: ["epsilon-leak", "adjoint-form"],
    subject: { standardize: withStatistics(({ mean, variance }) => [mean, Math.sqrt(variance)]) },
  },
  {
    title: "unbiased variance",
    fails: ["theorem-2", "epsilon-leak", "where-it-goes", "adjoint-form"],
    subject: {
      standardize: withStatistics(({ mean, variance }, e, n) => [
        mean,
        Math.sqrt((variance * n) / (n - 1) + e),
      ]),
    },
  },
  {
    title: "mean not subtracted",
    fails: ["theorem-1", "theorem-2", "adjoint-form"],
    subject: { standardize: withStatistics(({ variance }, e) => [0, Math.sqrt(variance + e)]) },
  },
  {
    title: "mean off by a millionth of σ",
    fails: ["theorem-1", "adjoint-form"],
    subject: {
      standardize: withStatistics(({ mean, variance }, e) => {
        const sigma = Math.sqrt(variance + e);
        return [mean + 1e-6 * sigma, sigma];
      }),
    },
  },
  {
    title: "y in single precision",
    fails: ["theorem-1", "theorem-2", "positions"],
    subject: {
      standardize: (x, layout, options) => {
        const right = standardize(x, layout, options);
        return { ...right, y: right.y.map(Math.fround) };
      },
    },
  },
  {
    title: "the adjoint gives NaN",
    fails: ["theorem-1", "theorem-2", "energies", "off-diagonal-passes"],
    subject: { adjoint: (gradient) => new Float64Array(gradient.length).fill(Number.NaN) },
  },
  {
    title: "everything is blocked",
    fails: ["off-diagonal-passes", "third-order-passes", "differences-pass", "off-diagonal-form"],
    subject: { adjoint: (gradient) => new Float64Array(gradient.length) },
  },
  {
    title: "the Hessian-vector product without the change of σ",
    fails: ["hessian-vector-form"],
    subject: {
      hessianVector: (inputs, standardized, layout) => {
        const right = standardizeHessianVector(inputs, standardized, layout);
        const u = inputs.direction;
        const gradient = standardizeAdjoint(inputs.gradient, standardized, layout);
        const { starts, offsets } = addressesOf(layout);
        for (const [d, start] of starts.entries()) {
          let change = 0;
          for (const o of offsets) change += (standardized.y[start + o] * u[start + o]) / offsets.length;
          for (const o of offsets)
            if (standardized.sigma[d] > 0)
              right[start + o] += (change / standardized.sigma[d]) * gradient[start + o];
        }
        return right;
      },
    },
  },
  {
    title: "the Hessian-vector product is that of constant statistics",
    fails: ["hessian-vector-form", "diagonal-hessian"],
    subject: {
      hessianVector: ({ direction, curvature }, { sigma }, layout) => {
        const { starts, offsets } = addressesOf(layout);
        const divided = (v: ArrayLike<number>) => {
          const result = Float64Array.from(v);
          for (const [d, start] of starts.entries())
            for (const o of offsets) result[start + o] /= sigma[d] || 1;
          return result;
        };
        return divided(curvature(divided(direction)));
      },
    },
  },
  {
    title: "the Hessian-vector product does not centre G",
    fails: ["first-order-hessian", "hessian-vector-form"],
    subject: {
      hessianVector: (inputs, standardized, layout) =>
        standardizeHessianVector(inputs, { ...standardized, centred: false }, layout),
    },
  },
  {
    title: "an affine phase whose adjoint blocks 1",
    fails: ["affine-alone"],
    subject: {
      affineAdjoint: (gradient, gamma, layout) => {
        const ones = { y: new Float64Array(gradient.length), sigma: gamma.map((v) => 1 / v), centred: true };
        return standardizeAdjoint(gradient, ones as unknown as Standardized, layout);
      },
    },
  },
  {
    title: "batch norm with detached statistics under its own name",
    fails: ["norm-bn", "adjoint-form", "weights-below"],
    subject: withNorm("bn", (_, epsilon) => ({ standardize: norm("detached", { epsilon }).standardize })),
  },
  {
    title: "batch norm with detached variance",
    fails: ["norm-bn", "adjoint-form", "weights-below"],
    subject: withNorm("bn", (_, epsilon) => ({
      standardize: batch((v) => lang.sqrt(lang.add(lang.stopGradient(v), epsilon))),
    })),
  },
  {
    title: "batch norm with unbiased variance",
    fails: ["adjoint-form"],
    subject: withNorm("bn", (_, epsilon) => ({
      standardize: batch((v, n) => lang.sqrt(lang.add(lang.mul(v, n / (n - 1)), epsilon))),
    })),
  },
  {
    title: "batch norm with ε outside the root",
    fails: ["norm-bn", "adjoint-form"],
    subject: withNorm("bn", (_, epsilon) => ({ standardize: batch((v) => lang.add(lang.sqrt(v), epsilon)) })),
  },
  {
    title: "batch renorm that differentiates its correction",
    fails: ["norm-brn"],
    subject: withNorm("brn", () => ({
      standardize: (x, [mean, sigma]) =>
        norm("frozen", { epsilon: 0 }).standardize(x, [mean, lang.square(sigma)]),
    })),
  },
  {
    title: "detached batch norm that is not detached",
    fails: ["norm-detached"],
    subject: withNorm("detached", (_, epsilon) => ({ standardize: norm("bn", { epsilon }).standardize })),
  },
  {
    title: "group norm with another number of groups",
    fails: ["norm-gn:2", "adjoint-form"],
    subject: withNorm("gn:2", (_, epsilon) => ({ standardize: norm("gn:1", { epsilon }).standardize })),
  },
  {
    title: "RMS norm that declares too much",
    fails: ["norm-rms"],
    subject: withNorm("rms", (own) => ({ blocks: (shape) => ({ ...own.blocks(shape)!, ones: true }) })),
  },
  {
    title: "layer norm that declares too little",
    fails: ["norm-ln"],
    subject: withNorm("ln", (own) => ({ blocks: (shape) => ({ ...own.blocks(shape)!, y: false }) })),
  },
  {
    title: "dynamic tanh that declares batch norm's directions",
    fails: ["norm-dyt"],
    subject: withNorm("dyt", () => ({ blocks: norm("bn").blocks })),
  },
];

async function run(id: string, subject: Subject, trials: number) {
  const check = checksOf(subject).find((c) => c.id === id);
  if (check === undefined) throw new Error(`there is no check ${id}`);
  const context = new Context(check, { subject, trials, seed: 0 });
  await check.run(context);
  return context.result();
}

describe.each(mutants)("A broken norm: $title", ({ fails, subject }) => {
  it.each(fails)("The check %s fails", async (id) => {
    expect((await run(id, { ...ownCode, ...subject }, 6)).pass).toBe(false);
  });
});

it("The report fails when one check fails", async () => {
  const adjoint = adjointOf({ mean: true, y: false, sigma: true });
  const report = await verify({ trials: 2, subject: { adjoint } });
  expect(report.pass).toBe(false);
  expect(report.checks.some(({ pass }) => pass)).toBe(true);
});

it("Every check fails for some mutant, except the checks of single norms", () => {
  const broken = new Set(mutants.flatMap(({ fails }) => fails));
  const never = checksOf(ownCode)
    .map(({ id }) => id)
    .filter((id) => !broken.has(id) && !id.startsWith("norm-"));
  expect(never).toEqual([]);
});
