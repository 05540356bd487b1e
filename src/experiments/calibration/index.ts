import { join } from "node:path";
import { loadDataset } from "../../datasets/index.js";
import type { NormName } from "../../nn/index.js";
import type { Experiment, ExperimentContext, Findings } from "../experiment.js";
import { runConditions } from "../runs.js";
import { writeJson } from "../write-output.js";
import {
  type Composition,
  compositionName,
  compositionsFor,
  isShuffled,
  shuffledLike,
  USUAL,
} from "./compositions.js";
import { type Setting, settingOf } from "./evidence.js";
import { type Family, families } from "./families.js";
import { allAnswers, claimsOf, estimatesOf, rankedPredictors } from "./findings.js";
import { RunsOfFamily, type Summary } from "./runs-of-family.js";
import { type Settings, settings } from "./settings.js";

/**
 * What the agreement of batches foretells: networks of many tasks are trained on many compositions
 * of batches, with batch norm and with a norm that looks at one sample at a time. The limits of the
 * verdicts rest on it (docs/calibration.md).
 */
export const calibration: Experiment<Settings> = { norms: [], settings, run };

async function run(context: ExperimentContext<Settings>): Promise<Findings> {
  const chosen = families.filter(({ name }) => ["all", name].includes(context.settings.family));
  const compared: Setting[] = [];
  let trainingMs = 0;
  for (const family of chosen) {
    const { settings, ms } = await settingsOf(family, context);
    compared.push(...settings);
    trainingMs += ms;
  }
  const evidence = {
    settings: compared,
    ranked: rankedPredictors(compared),
    answers: allAnswers(compared),
  };
  writeJson(join(context.folder, "evidence.json"), evidence);
  return {
    trainingMs,
    claims: claimsOf(compared),
    measurements: estimatesOf(compared),
    curves: [],
    clouds: [],
  };
}

/** One composition with one norm. */
interface Condition {
  readonly composition: Composition;
  readonly norm: NormName;
}

/** Makes all runs of a family and compares them. */
async function settingsOf(
  family: Family,
  context: ExperimentContext<Settings>,
): Promise<{ settings: Setting[]; ms: number }> {
  const { dataDir, onProgress, settings } = context;
  const name = settings.data === "own" ? family.dataset : "glyphs";
  const dataset = await loadDataset(name, { dataDir, onProgress });
  const classCount = family.classes === "of images" ? dataset.classes.length : 2;
  const which = settings.compositions === "few" ? "few" : family.compositions;
  const compositions = compositionsFor(which, classCount);
  const { otherNorm, unit } = family.task;
  await using runs = new RunsOfFamily(family, dataset, settings);
  const conditions = compositions.flatMap((composition) =>
    (["bn", otherNorm] as const).map((norm): Condition => ({ composition, norm })),
  );
  const { runs: made, trainingMs } = await runConditions(context, conditions, {
    nameOf: ({ composition, norm }) => `${family.name}-${compositionName(composition)}-${norm}`,
    // A run does not depend on which other families and compositions are run.
    settingsOf: ({ composition, norm }) => ({
      ...{ ...settings, family: family.name, compositions: undefined, composition, norm },
    }),
    perform: ({ composition, norm }, seed) => runs.run(composition, norm, seed),
  });
  const summariesOf = (composition: Composition, norm: NormName): readonly Summary[] => {
    const wanted = compositionName(composition);
    const found = made.find((r) => compositionName(r.composition) === wanted && r.norm === norm);
    if (!found) throw new Error(`no run of ${wanted} with ${norm}`);
    return found.summaries;
  };
  return {
    ms: trainingMs,
    settings: compositions.map((composition) => {
      const alike = shuffledLike(composition);
      const reference = isShuffled(composition) ? { ...alike, size: USUAL } : alike;
      return settingOf(
        {
          ...{ family: family.name, unit, composition },
          bn: summariesOf(composition, "bn"),
          other: summariesOf(composition, otherNorm),
          bnShuffled: summariesOf(reference, "bn"),
          otherShuffled: summariesOf(reference, otherNorm),
        },
        settings.cuts,
      );
    }),
  };
}
