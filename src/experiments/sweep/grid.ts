import { UserError } from "../../base/errors.js";
import type { NormName } from "../../nn/index.js";
import { prepare } from "../reproduce.js";
import type { Scale } from "../result.js";
import { type Overrides, showSetting, unknownSetting } from "../settings.js";
import type { Job } from "./job.js";

/** What a sweep varies. It runs every combination of the values with every norm and seed. */
export interface Grid {
  readonly experiment: string;
  readonly title: string;
  readonly scale: Scale;
  /** The values of each varied setting. */
  readonly settings: Readonly<Record<string, readonly string[]>>;
  /** The norms to compare. Empty where the experiment compares no norms. */
  readonly norms: readonly NormName[];
  readonly seeds: readonly number[];
}

/** One combination of settings. Claims are decided from all its norms and seeds together. */
export interface Cell {
  /** Such as `batch=32,rate=0.01`. A folder of that name holds the runs. */
  readonly name: string;
  readonly overrides: Overrides;
}

const MOST_JOBS = 10_000;

/**
 * Makes the grid of an experiment from the words of a command line.
 *
 * @param name the experiment.
 * @param scale gives the settings that are not varied.
 * @param words what to vary, such as `rate=0.01,0.1`, `norm=bn,ln` and `seed=0,1`. Default: the
 * experiment's own norms and the seeds 0, 1 and 2.
 * @throws UserError where a word is malformed or names something that does not exist.
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

/** Parses words such as `a=1,2` and `b=3`. */
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

/** The values. Throws a UserError where one occurs twice. */
function distinct<T>(key: string, values: readonly T[]): T[] {
  const twice = values.find((value, i) => values.indexOf(value) < i);
  if (twice !== undefined) throw new UserError(`${key}=${twice}: given twice`);
  return [...values];
}

function seedOf(text: string): number {
  if (!/^\d{1,5}$/.test(text)) throw new UserError(`seed=${text}: expected a whole number below 100000`);
  return Number(text);
}

/** Every combination of the settings. The last setting varies fastest. */
export function cellsOf({ settings }: Pick<Grid, "settings">): Cell[] {
  let all: [string, string][][] = [[]];
  for (const [key, values] of Object.entries(settings))
    all = all.flatMap((pairs) => values.map((value) => [...pairs, [key, value] as [string, string]]));
  return all.map((pairs) => ({ name: cellName(pairs), overrides: Object.fromEntries(pairs) }));
}

/** The name of a cell. It does not depend on the order of the settings. */
const cellName = (pairs: readonly (readonly [string, string])[]): string =>
  pairs
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(",") || "as-scaled";

/**
 * One job for every seed, cell and norm. Seeds vary slowest, so that every cell soon has a first
 * result.
 */
export function jobsOf(grid: Grid): Job[] {
  const { experiment, scale, norms, seeds } = grid;
  const compared: readonly (NormName | null)[] = norms.length > 0 ? norms : [null];
  return seeds.flatMap((seed) =>
    cellsOf(grid).flatMap((cell) =>
      compared.map((norm) => ({ experiment, scale, overrides: cell.overrides, norm, seed })),
    ),
  );
}

/** The folder with the runs of a job, within the folder of the sweep. */
export const cellOf = ({ overrides }: Pick<Job, "overrides">): string => cellName(Object.entries(overrides));

/** A name for the job that no other job of the sweep has. */
export const keyOf = (job: Job): string =>
  `${cellOf(job)},${job.norm === null ? "" : `norm=${job.norm.replace(":", "-")},`}seed=${job.seed}`;
