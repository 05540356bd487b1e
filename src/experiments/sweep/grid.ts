import { UserError } from "../../base/errors.js";
import type { NormName } from "../../nn/index.js";
import { prepare } from "../reproduce.js";
import type { Scale } from "../result.js";
import { type Overrides, showSetting, unknownSetting } from "../settings.js";
import type { Job } from "./job.js";

/** What a sweep varies: every combination of the values is tried, norms and seeds within each. */
export interface Grid {
  readonly experiment: string;
  readonly title: string;
  readonly scale: Scale;
  /** The values of each setting that is varied. */
  readonly settings: Readonly<Record<string, readonly string[]>>;
  /** Empty where the experiment compares no norms. */
  readonly norms: readonly NormName[];
  readonly seeds: readonly number[];
}

/** One combination of settings. Its norms and seeds are judged together, as one run of the experiment. */
export interface Cell {
  /** Such as `batch=32,rate=0.01`; a folder of that name holds its runs. */
  readonly name: string;
  readonly overrides: Overrides;
}

const MOST_JOBS = 10_000;

/**
 * The grid that `words` (`rate=0.01,0.1`, `norm=bn,ln`, `seed=0,1`) span for an experiment; its own norms and seeds
 * 0, 1, 2 where they say nothing. Throws a UserError for a word, a name or a value that is none.
 */
export async function gridOf(name: string, scale: Scale, words: readonly string[]): Promise<Grid> {
  const { norm, seed, ...given } = valuesOf(words);
  const { title, experiment, norms } = await prepare(name, { scale, norms: norm as NormName[] | undefined });
  const settings: Record<string, string[]> = {};
  for (const [key, texts] of Object.entries(given)) {
    if (!Object.hasOwn(experiment.settings.kinds, key))
      throw new UserError(unknownSetting(key, ["norm", "seed", ...Object.keys(experiment.settings.kinds)]));
    const values: string[] = [];
    for (const text of texts) {
      const value = (await prepare(name, { scale, overrides: { [key]: text } })).settings[key];
      values.push(showSetting(value));
    }
    settings[key] = distinct(key, values);
  }
  const seeds = seed === undefined ? [0, 1, 2] : distinct("seed", seed.map(seedOf));
  const grid = { experiment: name, title, scale, settings, norms: distinct("norm", norms), seeds };
  const count = jobsOf(grid).length;
  if (count > MOST_JOBS)
    throw new UserError(`grid: expected at most ${MOST_JOBS} jobs, got ${count}; vary fewer values`);
  return grid;
}

/** `a=1,2 b=3` by name. */
function valuesOf(words: readonly string[]): Record<string, string[]> {
  const values = new Map<string, string[]>();
  for (const word of words) {
    const [, key, list] = /^([\w-]+)=(.*)$/.exec(word) ?? [];
    if (key === undefined) throw new UserError(`${word}: expected key=value,value, such as norm=bn,ln`);
    if (values.has(key)) throw new UserError(`${key}: given twice; join its values by commas`);
    values.set(key, list.split(","));
  }
  return Object.fromEntries(values);
}

function distinct<T>(key: string, values: readonly T[]): T[] {
  const twice = values.find((value, i) => values.indexOf(value) < i);
  if (twice !== undefined) throw new UserError(`${key}=${twice}: given twice`);
  return [...values];
}

function seedOf(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new UserError(`seed=${text}: expected a whole number below 100000`);
  return Number(text);
}

/** Every combination of the settings, the last varying fastest. */
export function cellsOf({ settings }: Pick<Grid, "settings">): Cell[] {
  let all: [string, string][][] = [[]];
  for (const [key, values] of Object.entries(settings))
    all = all.flatMap((pairs) => values.map((value) => [...pairs, [key, value] as [string, string]]));
  return all.map((pairs) => ({ name: cellName(pairs), overrides: Object.fromEntries(pairs) }));
}

/** The same in whichever order the settings are given. */
const cellName = (pairs: readonly (readonly [string, string])[]): string =>
  pairs
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(",") || "as-scaled";

/** The jobs of the grid: one for every cell, seed and norm, seeds first, so that all cells get a first result early. */
export function jobsOf(grid: Grid): Job[] {
  const { experiment, scale, norms, seeds } = grid;
  const compared: readonly (NormName | null)[] = norms.length > 0 ? norms : [null];
  return seeds.flatMap((seed) =>
    cellsOf(grid).flatMap((cell) =>
      compared.map((norm) => ({ experiment, scale, overrides: cell.overrides, norm, seed })),
    ),
  );
}

/** Where the runs of a job are kept within the folder of the sweep. */
export const cellOf = ({ overrides }: Pick<Job, "overrides">): string => cellName(Object.entries(overrides));

/** What tells the job from all others of the sweep. */
export const keyOf = (job: Job): string =>
  `${cellOf(job)},${job.norm === null ? "" : `norm=${job.norm.replace(":", "-")},`}seed=${job.seed}`;
