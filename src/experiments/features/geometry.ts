/** Features of N samples, [N, D] in C order. */
export interface Features {
  readonly data: Float32Array;
  /** D. */
  readonly width: number;
}

const squaredDistance = ({ data, width }: Features, i: number, j: number): number => {
  let total = 0;
  for (let d = 0; d < width; d++) total += (data[i * width + d] - data[j * width + d]) ** 2;
  return total;
};

/**
 * Between-class scatter divided by within-class scatter: tr S_B / tr S_W = Σ_k n_k‖μ_k − μ‖² /
 * Σ_i‖x_i − μ_k(i)‖². It is 0 where all classes have the same mean, and grows as they separate.
 * Source: Fisher's criterion, trace form.
 */
export function scatterRatio({ data, width }: Features, labels: ArrayLike<number>): number {
  const classes = new Set(Array.from(labels));
  const meanOf = (chosen: (label: number) => boolean) => {
    const mean = new Float64Array(width);
    let count = 0;
    for (let i = 0; i < labels.length; i++) {
      if (!chosen(labels[i])) continue;
      count++;
      for (let d = 0; d < width; d++) mean[d] += data[i * width + d];
    }
    return { count, mean: mean.map((total) => total / count) };
  };
  const overall = meanOf(() => true).mean;
  const means = new Map(Array.from(classes, (label) => [label, meanOf((l) => l === label)]));
  let [between, within] = [0, 0];
  for (const { count, mean } of means.values())
    for (let d = 0; d < width; d++) between += count * (mean[d] - overall[d]) ** 2;
  for (let i = 0; i < labels.length; i++) {
    const { mean } = means.get(labels[i])!;
    for (let d = 0; d < width; d++) within += (data[i * width + d] - mean[d]) ** 2;
  }
  return between / within;
}

/**
 * The mean over the samples of the silhouette (b − a)/max(a, b), which lies between −1 and 1. Here
 * a is the mean Euclidean distance to the sample's own class, and b is the mean distance to the
 * nearest other class. A sample alone in its class counts as 0. The function computes N² distances.
 * Source: Rousseeuw 1987.
 */
export function silhouette(features: Features, labels: ArrayLike<number>): number {
  const count = labels.length;
  const classes = Math.max(...Array.from(labels)) + 1;
  const sizes = new Float64Array(classes);
  for (let i = 0; i < count; i++) sizes[labels[i]]++;
  const totals = new Float64Array(count * classes);
  for (let i = 0; i < count; i++)
    for (let j = 0; j < i; j++) {
      const distance = Math.sqrt(squaredDistance(features, i, j));
      totals[i * classes + labels[j]] += distance;
      totals[j * classes + labels[i]] += distance;
    }
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const own = labels[i];
    if (sizes[own] < 2) continue;
    const a = totals[i * classes + own] / (sizes[own] - 1);
    let b = Number.POSITIVE_INFINITY;
    for (let k = 0; k < classes; k++)
      if (k !== own && sizes[k] > 0) b = Math.min(b, totals[i * classes + k] / sizes[k]);
    const larger = Math.max(a, b);
    if (larger > 0) sum += (b - a) / larger;
  }
  return sum / count;
}
