/** Mean and standard deviation of some numbers. */
export interface Spread {
  readonly mean: number;
  readonly sd: number;
}

/** The mean and the sample standard deviation (0 for a single number). */
export function meanAndDeviation(values: readonly number[]): Spread {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, sd: values.length < 2 ? 0 : Math.sqrt(squares / (values.length - 1)) };
}
