import type { Features } from "./geometry.js";

/** As in the code of the paper's authors, scikit-learn's default: neighbours that a sample counts as near. */
const PERPLEXITY = 30;

const ITERATIONS = 500;

/**
 * The samples in the plane by t-SNE (van der Maaten and Hinton 2008), which keeps near ones near; scaled so that the
 * axis that varies more has standard deviation 1. The same features give the same plane on the same machine: it starts
 * from seeded noise, but the library's arithmetic may differ between machines in last bits, which it amplifies.
 */
export async function tsnePlane({ data, width }: Features): Promise<[x: number, y: number][]> {
  const count = data.length / width;
  const rows = Array.from({ length: count }, (_, i) => Array.from(data.subarray(i * width, (i + 1) * width)));
  const { TSNE } = await import("@saehrimnir/druidjs");
  const perplexity = Math.min(PERPLEXITY, (count - 1) / 3);
  const points = new TSNE(rows, { perplexity, d: 2, seed: 1 }).transform(ITERATIONS) as number[][];
  const deviation = (axis: number) => {
    const mean = points.reduce((sum, point) => sum + point[axis], 0) / count;
    return Math.sqrt(points.reduce((sum, point) => sum + (point[axis] - mean) ** 2, 0) / count);
  };
  const scale = Math.max(deviation(0), deviation(1)) || 1;
  return points.map(([x, y]) => [x / scale, y / scale]);
}
