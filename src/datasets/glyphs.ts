import { Random } from "../base/random.js";
import type { Tensor } from "../base/tensor.js";

// Glyphs: a procedural data set of ten signs that look hand-drawn. Examples and tests use it, so
// they need no download. A sign is a few strokes in the unit square. A sample moves, turns, scales,
// shears and thickens the strokes at random and renders them with soft edges.

type Point = readonly [x: number, y: number];
type Stroke = readonly Point[];

interface Arc {
  readonly centre: Point;
  /** Half-axes of the ellipse along x and y. */
  readonly radii: Point;
  /** First and last angle in turns, clockwise from the right. */
  readonly turns: readonly [from: number, to: number];
}

/** A stroke along an ellipse. */
function arc({ centre: [cx, cy], radii: [rx, ry], turns: [from, to] }: Arc): Stroke {
  const steps = 12;
  return Array.from({ length: steps + 1 }, (_, i): Point => {
    const angle = 2 * Math.PI * (from + ((to - from) * i) / steps);
    return [cx + rx * Math.cos(angle), cy + ry * Math.sin(angle)];
  });
}

const line = (...points: Point[]): Stroke => points;

/** The ten signs. The y axis points down. */
const SIGNS: readonly { readonly name: string; readonly strokes: readonly Stroke[] }[] = [
  { name: "ring", strokes: [arc({ centre: [0.5, 0.5], radii: [0.32, 0.38], turns: [0, 1] })] },
  { name: "bar", strokes: [line([0.5, 0.1], [0.5, 0.9])] },
  { name: "cross", strokes: [line([0.15, 0.15], [0.85, 0.85]), line([0.85, 0.15], [0.15, 0.85])] },
  { name: "plus", strokes: [line([0.5, 0.12], [0.5, 0.88]), line([0.12, 0.5], [0.88, 0.5])] },
  { name: "triangle", strokes: [line([0.5, 0.12], [0.88, 0.85], [0.12, 0.85], [0.5, 0.12])] },
  { name: "box", strokes: [line([0.17, 0.17], [0.83, 0.17], [0.83, 0.83], [0.17, 0.83], [0.17, 0.17])] },
  { name: "zig", strokes: [line([0.15, 0.18], [0.85, 0.18], [0.15, 0.82], [0.85, 0.82])] },
  {
    name: "wave",
    strokes: [
      arc({ centre: [0.32, 0.5], radii: [0.18, 0.25], turns: [0.5, 1] }),
      arc({ centre: [0.68, 0.5], radii: [0.18, 0.25], turns: [0.5, 0] }),
    ],
  },
  { name: "arrow", strokes: [line([0.12, 0.5], [0.88, 0.5]), line([0.6, 0.22], [0.88, 0.5], [0.6, 0.78])] },
  {
    name: "hook",
    strokes: [line([0.7, 0.1], [0.7, 0.6]), arc({ centre: [0.5, 0.6], radii: [0.2, 0.28], turns: [0, 0.5] })],
  },
];

/** Names of the signs; a label is an index into them. */
export const glyphNames: readonly string[] = SIGNS.map(({ name }) => name);

/** Images [count, 1, size, size] with values in 0…1 and their class labels [count]. */
export interface Glyphs {
  readonly images: Tensor & { readonly data: Float32Array };
  readonly labels: Tensor & { readonly data: Int32Array };
}

export interface GlyphOptions {
  /** Number of samples. */
  readonly count: number;
  /** Seed of the generator. */
  readonly seed: number;
  /** Width and height of an image in pixels. Default 16. */
  readonly size?: number;
  /** The class of all samples. Default: random classes. */
  readonly only?: number;
}

/** Draws random samples. Equal options give equal samples on every machine. */
export function glyphs({ count, seed, size = 16, only }: GlyphOptions): Glyphs {
  const random = new Random(seed);
  const images = new Float32Array(count * size * size);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const label = only ?? random.below(SIGNS.length);
    labels[i] = label;
    const strokes = distort(SIGNS[label].strokes, random);
    const image = images.subarray(i * size * size, (i + 1) * size * size);
    const pen = { radius: random.uniform(0.04, 0.075), ink: random.uniform(0.75, 1) };
    render(image, size, strokes, pen);
    for (let p = 0; p < image.length; p++)
      image[p] = Math.min(1, Math.max(0, image[p] + 0.04 * random.normal()));
  }
  return {
    images: { dtype: "float32", shape: [count, 1, size, size], data: images },
    labels: { dtype: "int32", shape: [count], data: labels },
  };
}

/** Applies a random affine map about the centre and moves each point a little. */
function distort(strokes: readonly Stroke[], random: Random): Stroke[] {
  const turn = random.uniform(-0.3, 0.3);
  const shear = random.uniform(-0.2, 0.2);
  const [scaleX, scaleY] = [random.uniform(0.7, 1), random.uniform(0.7, 1)];
  const [shiftX, shiftY] = [random.uniform(-0.08, 0.08), random.uniform(-0.08, 0.08)];
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  return strokes.map((stroke) =>
    stroke.map(([px, py]): Point => {
      const y = scaleY * (py - 0.5);
      const x = scaleX * (px - 0.5) + shear * y;
      return [
        0.5 + cos * x - sin * y + shiftX + 0.012 * random.normal(),
        0.5 + sin * x + cos * y + shiftY + 0.012 * random.normal(),
      ];
    }),
  );
}

interface Pen {
  /** Half the width of a stroke; the image has width 1. */
  readonly radius: number;
  /** Value of a pixel within a stroke. */
  readonly ink: number;
}

/** Renders strokes. Ink falls to 0 over one pixel at `radius` from the nearest stroke. */
function render(image: Float32Array, size: number, strokes: readonly Stroke[], { radius, ink }: Pen): void {
  const pixel = 1 / size;
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++) {
      const point: Point = [(column + 0.5) * pixel, (row + 0.5) * pixel];
      let distance = Number.POSITIVE_INFINITY;
      for (const stroke of strokes)
        for (let i = 1; i < stroke.length; i++)
          distance = Math.min(distance, distanceToSegment(point, stroke[i - 1], stroke[i]));
      image[row * size + column] = ink * Math.min(1, Math.max(0, 0.5 + (radius - distance) / pixel));
    }
}

function distanceToSegment([px, py]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const along = Math.max(0, Math.min(1, ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy)));
  return Math.hypot(px - ax - along * dx, py - ay - along * dy);
}
