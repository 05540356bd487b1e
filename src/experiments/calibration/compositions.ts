import { epochBatches, type Random } from "../../datasets/index.js";

/** What the second half of the images looks like; the first half is unchanged. */
const domains = ["none", "negative", "turned", "dimmed", "faded", "shifted", "noisy"] as const;
export type Domain = (typeof domains)[number];

/** Numbers of an image that batches may be sorted by. */
export const attributes = ["brightness", "across", "down"] as const;
export type Attribute = (typeof attributes)[number];

/** How a batch is put together. Classes and domains are `keys` of the samples. */
export type Arrangement =
  | { readonly by: "shuffled" }
  /** Equal parts of `count` classes, which differ from batch to batch. */
  | { readonly by: "classes"; readonly count: number }
  /** A share of each batch has one key; the rest is drawn from everything. */
  | { readonly by: "purity"; readonly of: "class" | "domain"; readonly share: number }
  | { readonly by: "domain" }
  | { readonly by: "sorted"; readonly attribute: Attribute };

/** One composition of batches. */
export interface Composition {
  readonly domain: Domain;
  readonly arrangement: Arrangement;
  /** Samples in a batch. */
  readonly size: number;
}

/** The usual batch size. Others are compared with it. */
export const USUAL = 32;

const of = (arrangement: Arrangement, size: number = USUAL, domain: Domain = "none"): Composition => ({
  ...{ domain, arrangement, size },
});
const shuffled = { by: "shuffled" } as const;
const classes = (count: number) => ({ by: "classes", count }) as const;
const purity = (share: number) => ({ by: "purity", of: "class", share }) as const;
const sortedBy = (attribute: Attribute) => ({ by: "sorted", attribute }) as const;

/** Every composition. Shuffled ones are the references of the others. */
const all: readonly Composition[] = [
  ...[USUAL, 2, 8, 128].map((size) => of(shuffled, size)),
  ...domains.slice(1).map((domain) => of(shuffled, USUAL, domain)),
  ...[1, 2, 3, 5].map((count) => of(classes(count))),
  ...[0.5, 0.8].map((share) => of(purity(share))),
  ...[of(classes(1), 8), of(classes(2), 8), of(classes(1), 128), of(classes(2), 2)],
  ...attributes.map((attribute) => of(sortedBy(attribute))),
  ...domains.slice(1).map((domain) => of({ by: "domain" }, USUAL, domain)),
  of({ by: "purity", of: "domain", share: 0.6 }, USUAL, "negative"),
];

/** The compositions of families whose networks take longer. */
const main: readonly Composition[] = [
  ...[USUAL, 8, 128].map((size) => of(shuffled, size)),
  ...(["negative", "dimmed", "shifted"] as const).flatMap((domain) => [
    of(shuffled, USUAL, domain),
    of({ by: "domain" }, USUAL, domain),
  ]),
  ...[1, 2, 5].map((count) => of(classes(count))),
  ...[of(purity(0.8)), of(classes(1), 8), of(classes(1), 128)],
  ...[of(sortedBy("brightness")), of(sortedBy("down"))],
];

/** A slice that takes seconds: harmful, harmless and small batches. */
const few: readonly Composition[] = [
  ...[of(shuffled), of(shuffled, 8), of(classes(1)), of(sortedBy("down"))],
];

/**
 * The compositions for samples of this many classes: those of fewer classes a batch than there are.
 */
export const compositionsFor = (which: "all" | "main" | "few", classCount: number): readonly Composition[] =>
  ({ all, main, few })[which].filter(
    ({ arrangement }) => arrangement.by !== "classes" || arrangement.count < classCount,
  );

/** The shuffled batches of the same images and size. */
export const shuffledLike = ({ domain, size }: Composition): Composition => of(shuffled, size, domain);

/** Whether a composition is a reference, whose batches are shuffled. */
export const isShuffled = ({ arrangement }: Composition): boolean => arrangement.by === "shuffled";

/** The name of a composition, such as `classes-1-of-32` or `negative-domain-of-32`. */
export function compositionName({ domain, arrangement, size }: Composition): string {
  const parts: (string | number)[] = [arrangement.by];
  if (arrangement.by === "classes") parts.push(arrangement.count);
  if (arrangement.by === "purity") parts.push(arrangement.of, arrangement.share);
  if (arrangement.by === "sorted") parts.push(arrangement.attribute);
  return `${domain === "none" ? "" : `${domain}-`}${parts.join("-")}-of-${size}`;
}

/** The samples' numbers that compositions need, in one order. */
export interface Arranged {
  readonly classes: Uint8Array;
  readonly domains: Uint8Array;
  readonly attributes: Readonly<Record<Attribute, Float32Array>>;
}

/**
 * The batches of one epoch, as positions of samples. Every batch has exactly `size` samples; those
 * that do not fill a batch are left out.
 */
export function arranged(samples: Arranged, { arrangement, size }: Composition, random: Random): number[][] {
  switch (arrangement.by) {
    case "shuffled":
      return epochBatches(samples.classes, { size, batching: "shuffled", random });
    case "domain":
      return epochBatches(samples.domains, { size, batching: "label", random });
    case "classes":
      return ofClasses(samples.classes, arrangement.count, size, random);
    case "purity":
      return ofPurity(arrangement.of === "class" ? samples.classes : samples.domains, {
        main: Math.round(arrangement.share * size),
        ...{ size, random },
      });
    case "sorted":
      return inOrder(samples.attributes[arrangement.attribute], size, random);
  }
}

/**
 * Batches of equal parts of `count` classes. Classes with more samples left are drawn more often.
 */
function ofClasses(classes: Uint8Array, count: number, size: number, random: Random): number[][] {
  const left = byKey(classes, random);
  const parts = Array.from({ length: count }, (_, i) => Math.floor((size + i) / count));
  const batches: number[][] = [];
  for (;;) {
    const drawn = drawLists(left, Math.ceil(size / count), count, random);
    if (drawn === null) return random.shuffle(batches);
    batches.push(drawn.flatMap((list, i) => list.splice(0, parts[i])));
  }
}

/** Draws `count` of the lists with at least `least` entries, by their lengths; null: too few. */
function drawLists(lists: number[][], least: number, count: number, random: Random): number[][] | null {
  let open = lists.filter(({ length }) => length >= least);
  if (open.length < count) return null;
  const drawn: number[][] = [];
  while (drawn.length < count) {
    let at = random.below(open.reduce((total, { length }) => total + length, 0));
    const next =
      open.find(({ length }) => {
        at -= length;
        return at < 0;
      }) ?? open[0];
    drawn.push(next);
    open = open.filter((list) => list !== next);
  }
  return drawn;
}

/** Batches with `main` samples of one key and the rest from all keys. */
function ofPurity(
  keys: Uint8Array,
  { main, size, random }: { readonly main: number; readonly size: number; readonly random: Random },
): number[][] {
  const rest: number[] = [];
  const mains: number[][] = [];
  for (const list of byKey(keys, random)) {
    const batches = Math.floor(list.length / size);
    for (let i = 0; i < batches; i++) mains.push(list.splice(0, main));
    rest.push(...list);
  }
  random.shuffle(rest);
  return random.shuffle(mains).map((batch) => [...batch, ...rest.splice(0, size - main)]);
}

/** Batches of neighbours in the order of `values`, with a little noise, so that epochs differ. */
function inOrder(values: Float32Array, size: number, random: Random): number[][] {
  const ranks = new Float64Array(values.length);
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  for (const [rank, i] of order.entries()) ranks[i] = rank + random.uniform(-size / 2, size / 2);
  order.sort((a, b) => ranks[a] - ranks[b]);
  const batches = Array.from({ length: Math.floor(order.length / size) }, (_, b) =>
    order.slice(b * size, (b + 1) * size),
  );
  return random.shuffle(batches);
}

/** The positions of each key, in random order. */
function byKey(keys: Uint8Array, random: Random): number[][] {
  const lists = new Map<number, number[]>();
  for (const [i, key] of keys.entries()) {
    const list = lists.get(key);
    if (list) list.push(i);
    else lists.set(key, [i]);
  }
  return [...lists].sort(([a], [b]) => a - b).map(([, list]) => random.shuffle(list));
}
