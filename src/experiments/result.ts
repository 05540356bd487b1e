/** The result of an experiment, as in `result.json`. */
export interface ExperimentResult {
  readonly schema: "blindspot.experiment/1";
  readonly tool: { readonly name: "blindspot"; readonly version: string };
  readonly experiment: string;
  readonly title: string;
  readonly scale: Scale;
  readonly seeds: readonly number[];
  /** The norms that were compared. */
  readonly norms: readonly string[];
  /** The settings of the scale, with the overridden values in their place. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Milliseconds that all runs took, including runs of earlier calls that this call resumed. */
  readonly trainingMs: number;
  readonly claims: readonly ClaimResult[];
  /** Every quantity under every condition. */
  readonly measurements: readonly Estimate[];
  readonly curves: readonly Curve[];
  readonly clouds: readonly Cloud[];
  readonly pictures?: readonly Picture[];
}

/** The sizes of an experiment: for CI, for a few CPU cores, and as in the paper. */
export const scales = ["smoke", "cpu", "paper"] as const;
export type Scale = (typeof scales)[number];

/** A statement and the rule that decides it. */
export interface Claim {
  readonly id: string;
  readonly statement: string;
  /** The value that is compared with the bound, in words. It is computed once for every seed. */
  readonly measure: string;
  /** The claim holds where the value is at least, or at most, the bound. */
  readonly relation: "at least" | "at most";
  readonly bound: number;
}

export type Outcome = "confirmed" | "not confirmed" | "undecided";

/** One value for every seed, in the order of the seeds. */
export interface Sample {
  readonly values: readonly number[];
  readonly mean: number;
  /** Unbiased standard deviation over the seeds; null for a single seed. */
  readonly deviation: number | null;
}

/** A claim with its values and its outcome. */
export interface ClaimResult extends Claim, Sample {
  /** 95 % confidence interval of the mean; null for a single seed. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly outcome: Outcome;
}

/** The names of a compared condition. */
export interface Condition {
  /** Usually the norm. */
  readonly group: string;
  /** The variant within the group, such as the kind of batch; "" where groups have no variants. */
  readonly series: string;
}

/** A quantity under one condition, estimated from the seeds. */
export interface Estimate extends Condition, Sample {
  readonly quantity: string;
}

/** A quantity under one condition, over the steps of training. */
export interface Curve extends Condition {
  readonly quantity: string;
  /** The name of the horizontal axis where it is not the step of training. */
  readonly across?: string;
  /** Positions on the horizontal axis. */
  readonly steps: readonly number[];
  /** One list for every seed, each with one value for every position. */
  readonly values: readonly (readonly number[])[];
}

/** Ways to show features in a plane. */
export const projections = ["principal components", "t-SNE"] as const;
export type Projection = (typeof projections)[number];

/** Features of one run in a plane. The axis that varies more has standard deviation 1. */
export interface Cloud extends Condition {
  readonly projection: Projection;
  readonly seed: number;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** The class number of every point. */
  readonly labels: readonly number[];
}

/** Grey images in a grid. The condition is empty where the images belong to no run. */
export interface Picture extends Condition {
  readonly title: string;
  /** A PNG in base64. */
  readonly png: string;
}

/** The result of all experiments, as in `summary.json`. */
export interface SuiteResult {
  readonly schema: "blindspot.suite/1";
  readonly tool: { readonly name: "blindspot"; readonly version: string };
  readonly scale: Scale;
  readonly seeds: readonly number[];
  /** In the order in which they were run. The folder of that name holds the whole result. */
  readonly experiments: readonly SuiteMember[];
}

/** One experiment of a suite. */
export interface SuiteMember
  extends Pick<ExperimentResult, "title" | "settings" | "norms" | "claims" | "measurements"> {
  readonly name: string;
  /** Milliseconds of this call. Runs that were resumed took no time in it. */
  readonly elapsedMs: number;
  /** Why the experiment has no result; null where it has one. */
  readonly failure: { readonly message: string; readonly exitCode: number } | null;
}
