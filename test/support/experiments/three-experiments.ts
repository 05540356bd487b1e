import { UserError } from "../../../src/base/errors.js";
import type { Experiment, ExperimentContext } from "../../../src/experiments/experiment.js";
import { once } from "../../../src/experiments/runs.js";
import { decide, sampleOf } from "../../../src/experiments/statistics.js";

/** An experiment without training. Its values are those that `run` returns. */
const experiment = (run: (context: ExperimentContext) => Promise<readonly number[]>): Experiment => ({
  norms: ["bn"],
  settings: { kinds: {}, scales: { smoke: {}, cpu: {} } },
  run: async (context) => {
    const values = await run(context);
    const claim = {
      ...({
        id: "small",
        statement: "It is <small>.",
        measure: "the seed",
        relation: "at most",
        bound: 10,
      } as const),
    };
    return {
      ...{ trainingMs: 0, curves: [], clouds: [], claims: [decide(claim, values)] },
      measurements: [{ group: "bn", series: "", quantity: "the seed", ...sampleOf(values) }],
    };
  },
});

/** Whether the third experiment fails. A test may change it. */
export const fault = { there: true };

const members: [string, Experiment][] = [
  [
    "seeds",
    experiment((context) =>
      Promise.all(
        context.seeds.map(
          async (seed) => (await once(context, `bn-seed${seed}`, { seed }, async () => seed)).summary,
        ),
      ),
    ),
  ],
  [
    "diverging",
    experiment(async () => {
      throw new UserError("step 3: the run diverged");
    }),
  ],
  [
    "faulty",
    experiment(async () => {
      if (fault.there) throw new TypeError("not a function");
      return [11, 11, 11.5];
    }),
  ],
];

/** Replaces the catalogue: one experiment works, one diverges, and one has a fault. */
export const catalogue = members.map(([name, it]) => ({ name, title: `Of <${name}>`, load: async () => it }));
export const experimentNamed = (name: string) => catalogue.find((e) => e.name === name);
