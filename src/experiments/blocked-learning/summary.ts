/** The numbers of one run. */
export interface Summary {
  /** ‖θ − θ₀‖/‖θ₀‖ of all parameters below the norm, from the first step to the last. */
  readonly movement: number;
  /** The last loss divided by the first. */
  readonly lossRatio: number;
  /** The loss of every step. */
  readonly losses: readonly number[];
}

/** The runs of one variant. */
export interface Runs {
  readonly condition: string;
  /** In the order of the seeds. */
  readonly summaries: readonly Summary[];
}
