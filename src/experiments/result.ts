/** The result of an experiment, `result.json`: what was claimed, what was measured, what came out. */
export interface ExperimentResult {
  readonly schema: "blindspot.experiment/1";
  readonly tool: { readonly name: "blindspot"; readonly version: string };
  readonly experiment: string;
  readonly title: string;
  readonly scale: Scale;
  readonly seeds: readonly number[];
  readonly norms: readonly string[];
  /** Everything else that the numbers depend on. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Time of all training runs, those of resumed calls included. */
  readonly trainingMs: number;
  readonly claims: readonly ClaimResult[];
  readonly measurements: readonly Measurement[];
  readonly curves: readonly Curve[];
  readonly clouds: readonly Cloud[];
  readonly pictures?: readonly Picture[];
}

/** How large an experiment is run: in CI; on a few cores; as in the paper. */
export const scales = ["smoke", "cpu", "paper"] as const;
export type Scale = (typeof scales)[number];

/** A statement and the measurement that decides it. */
export interface Claim {
  readonly id: string;
  readonly statement: string;
  /** What is measured once for every seed. */
  readonly measure: string;
  readonly relation: "at least" | "at most";
  readonly bound: number;
}

export type Outcome = "confirmed" | "not confirmed" | "undecided";

/** Values of one quantity, one for every seed, in the order of the seeds. */
export interface Sample {
  readonly values: readonly number[];
  readonly mean: number;
  /** Standard deviation over the seeds, unbiased; null for a single one. */
  readonly deviation: number | null;
}

export interface ClaimResult extends Claim, Sample {
  /** 95 % confidence interval of the mean; null for a single seed. */
  readonly interval: readonly [low: number, high: number] | null;
  readonly outcome: Outcome;
}

/** What was compared: a group (a norm) and, where the groups come in variants, which (a kind of batch); else "". */
export interface Condition {
  readonly group: string;
  readonly series: string;
}

export interface Measurement extends Condition, Sample {
  readonly quantity: string;
}

/** A quantity over the steps of training, or over what `across` names. */
export interface Curve extends Condition {
  readonly quantity: string;
  readonly across?: string;
  readonly steps: readonly number[];
  /** One list for every seed. */
  readonly values: readonly (readonly number[])[];
}

/** Ways of showing features in a plane. */
export const projections = ["principal components", "t-SNE"] as const;
export type Projection = (typeof projections)[number];

/** Features of one run in a plane, scaled so that the axis that varies more has standard deviation 1. */
export interface Cloud extends Condition {
  readonly projection: Projection;
  readonly seed: number;
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly labels: readonly number[];
}

/** Grey images in a grid; of one run where its condition is named. */
export interface Picture extends Condition {
  readonly title: string;
  /** A PNG in base64. */
  readonly png: string;
}

/** The result of all experiments, `summary.json`. */
export interface SuiteResult {
  readonly schema: "blindspot.suite/1";
  readonly tool: { readonly name: "blindspot"; readonly version: string };
  readonly scale: Scale;
  readonly seeds: readonly number[];
  /** In the order in which they were run; the folder of that name holds the whole result. */
  readonly experiments: readonly SuiteMember[];
}

export interface SuiteMember
  extends Pick<ExperimentResult, "title" | "settings" | "norms" | "claims" | "measurements"> {
  readonly name: string;
  /** Of this call: with runs that were resumed, less than their training took. */
  readonly elapsedMs: number;
  /** Why the experiment came to nothing; null where it did not. */
  readonly failure: { readonly message: string; readonly exitCode: number } | null;
}
