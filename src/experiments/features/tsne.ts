import { Random } from "../../base/random.js";
import type { Features } from "./geometry.js";

/** Neighbours that count as near. The default of scikit-learn, which the paper's authors use. */
const PERPLEXITY = 30;

const ITERATIONS = 500;

/** Standard deviation of the initial places. */
const SPREAD = 1e-4;

/**
 * The samples in the plane by t-SNE, which places near samples near each other. The axis that
 * varies more has standard deviation 1. Equal features give equal planes on one machine, because
 * the initial places are seeded. On another machine the last bits may differ, and t-SNE amplifies
 * them. Source: van der Maaten and Hinton 2008.
 */
export async function tsnePlane({ data, width }: Features): Promise<[x: number, y: number][]> {
  const count = data.length / width;
  const rows = Array.from({ length: count }, (_, i) => Array.from(data.subarray(i * width, (i + 1) * width)));
  const { TSNE } = await import("@keckelt/tsne");
  const tsne = new TSNE({ dim: 2, perplexity: Math.min(PERPLEXITY, (count - 1) / 3) });
  tsne.initDataRaw(rows);
  // The package starts from Math.random. Its solution is the array that it works on, so seeded
  // places replace it.
  const places: number[][] = tsne.getSolution();
  const random = new Random(1);
  for (const place of places) for (const axis of place.keys()) place[axis] = SPREAD * random.normal();
  for (let i = 0; i < ITERATIONS; i++) tsne.step();
  const deviation = (axis: number) => {
    const mean = places.reduce((sum, place) => sum + place[axis], 0) / count;
    return Math.sqrt(places.reduce((sum, place) => sum + (place[axis] - mean) ** 2, 0) / count);
  };
  const scale = Math.max(deviation(0), deviation(1)) || 1;
  return places.map(([x, y]) => [x / scale, y / scale]);
}
