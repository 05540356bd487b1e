import { CompensatedSums } from "./compensated.js";
import { type GroupLayout, groupCount, groupSize } from "./layout.js";
import { type MemoryAxis, memoryAxes } from "./memory-order.js";
import type { FloatArray } from "./standardize.js";

/** Additions done plainly before their sum is added with compensation: the error stays that of this many terms. */
const PLAIN_TERMS = 512;

/**
 * A group whose ⟨yc,yc⟩ is at most this fraction of ⟨y,y⟩ has constant y: the difference is then rounding,
 * that of the sums (up to 1e-13) or of a float32 y (1e-14).
 */
const CONSTANT = 1e-12;

/** The measurable decomposition of G = ∂L/∂y, group by group. */
export interface BlockedShares {
  /** n: elements per group. */
  readonly elements: number;
  readonly centred: boolean;
  /** E = ‖G‖². */
  readonly energy: Float64Array;
  /** n·mean(G)²: energy along 1; 0 where nothing is centred. */
  readonly first: Float64Array;
  /** ⟨G,yc⟩²/⟨yc,yc⟩: energy along y; 0 where y is constant. */
  readonly diag: Float64Array;
  /** E − first − diag. */
  readonly passed: Float64Array;
  /** a = mean(G), the effective shared gradient. */
  readonly gradient: Float64Array;
  /** h = ⟨G,yc⟩/⟨yc,yc⟩, the effective shared curvature; 0 where y is constant. */
  readonly curvature: Float64Array;
  /** ⟨G,y⟩, not centred: γ·∂L/∂γ. */
  readonly inner: Float64Array;
  /** mean(y) and mean(y²): 0 and 1 − ρ if y is standardized. */
  readonly mean: Float64Array;
  readonly meanSquare: Float64Array;
  /** Sums over the groups. */
  readonly total: Energies;
  /** Groups whose y does not vary: diag is 0 there. */
  readonly constantGroups: number;
  /** Elements where y or G is NaN or infinite (or its square is); they are left out of everything above. */
  readonly nonFinite: number;
}

export interface Energies {
  readonly energy: number;
  readonly first: number;
  readonly diag: number;
  readonly passed: number;
}

export interface BlockedSharesOptions {
  /** false for RMS normalization. Default true. */
  readonly centred?: boolean;
  /** G comes this many times too large, as under mixed precision with loss scaling. Default 1. */
  readonly gradientScale?: number;
}

/** The decomposition of a whole layer at once: see `BlockedSharesAccumulator`. */
export function blockedShares(
  y: FloatArray,
  gradient: FloatArray,
  layout: GroupLayout,
  options: BlockedSharesOptions = {},
): BlockedShares {
  const accumulator = new BlockedSharesAccumulator(layout, options);
  accumulator.add(y, gradient);
  return accumulator.result();
}

/**
 * Splits the energy of G into what standardization blocks and what passes, in one pass over y and G:
 *
 *     first  = n·mean(G)²                 diag = ⟨G,yc⟩²/⟨yc,yc⟩,  yc = y − mean(y)
 *     passed = ‖G‖² − first − diag
 *
 * and for RMS normalization, which centres nothing, first = 0 and diag = ⟨G,y⟩²/⟨y,y⟩. Takes the tensors in
 * blocks of any length in memory order, so that a layer of any size is read in pieces; keeps five sums per
 * group, compensated, in float64. Source: docs/theory.md, section 6; for the other normalizations docs/theory.md, section 7.
 */
export class BlockedSharesAccumulator {
  private readonly sumY: CompensatedSums;
  private readonly sumYY: CompensatedSums;
  private readonly sumG: CompensatedSums;
  private readonly sumGG: CompensatedSums;
  private readonly sumGY: CompensatedSums;
  private readonly groups: number;
  private readonly elements: number;
  private readonly centred: boolean;
  private readonly gradientScale: number;
  /** Elements left out, per group. */
  private readonly missing: Float64Array;

  /** The fastest axis, a run of elements of one group or of one element each of neighbouring groups … */
  private readonly run: MemoryAxis;
  /** … and the position within it; the slower axes, and the position on each; the group where the run starts. */
  private inRun = 0;
  private readonly slower: readonly MemoryAxis[];
  private readonly position: number[];
  private group = 0;
  private seen = 0;

  /** Plain sums of up to PLAIN_TERMS passes over the same run of neighbouring groups. */
  private readonly rows: RowSums;

  constructor(layout: GroupLayout, { centred = true, gradientScale = 1 }: BlockedSharesOptions = {}) {
    const axes = memoryAxes(layout);
    this.run = axes.at(-1)!;
    this.slower = axes.slice(0, -1);
    this.position = this.slower.map(() => 0);
    this.groups = groupCount(layout);
    this.elements = groupSize(layout);
    this.centred = centred;
    this.gradientScale = gradientScale;
    this.missing = new Float64Array(this.groups);
    this.sumY = new CompensatedSums(this.groups);
    this.sumYY = new CompensatedSums(this.groups);
    this.sumG = new CompensatedSums(this.groups);
    this.sumGG = new CompensatedSums(this.groups);
    this.sumGY = new CompensatedSums(this.groups);
    this.rows = new RowSums(this.run.groupStep === 0 ? 0 : this.run.size);
  }

  /** Takes the next elements of y and G, as many of each, continuing where the last call ended. */
  add(y: FloatArray, gradient: FloatArray): void {
    if (y.length !== gradient.length)
      throw new RangeError(`y has ${y.length} elements, its gradient ${gradient.length}`);
    this.seen += y.length;
    if (this.seen > this.groups * this.elements)
      throw new RangeError(`layout has ${this.groups * this.elements} elements, got ${this.seen}`);
    for (let start = 0; start < y.length; ) {
      const end = Math.min(start + this.run.size - this.inRun, y.length);
      if (this.run.groupStep === 0) this.addRun(y, gradient, start, end);
      else this.addRow(y, gradient, start, end);
      this.inRun += end - start;
      if (this.inRun === this.run.size) this.nextRun();
      start = end;
    }
  }

  /** The decomposition, once every element has been added. */
  result(): BlockedShares {
    if (this.seen !== this.groups * this.elements)
      throw new RangeError(`layout has ${this.groups * this.elements} elements, got ${this.seen}`);
    this.foldRows();
    const totals = (sums: CompensatedSums, scale = 1) =>
      Float64Array.from(this.missing, (_, group) => sums.total(group) / scale);
    return sharesFromSums(
      {
        y: totals(this.sumY),
        yy: totals(this.sumYY),
        g: totals(this.sumG, this.gradientScale),
        gg: totals(this.sumGG, this.gradientScale ** 2),
        gy: totals(this.sumGY, this.gradientScale),
      },
      this.elements,
      { centred: this.centred, missing: this.missing },
    );
  }

  /** Moves on to the run that follows in memory. */
  private nextRun(): void {
    this.inRun = 0;
    const before = this.group;
    for (let axis = this.slower.length - 1; axis >= 0; axis--) {
      const { size, groupStep } = this.slower[axis];
      this.group += groupStep;
      if (++this.position[axis] < size) break;
      this.group -= groupStep * size;
      this.position[axis] = 0;
    }
    if (this.run.groupStep !== 0 && (++this.rows.count === PLAIN_TERMS || this.group !== before))
      this.foldRows(before);
  }

  /** Adds elements that all belong to the current group. */
  private addRun(y: FloatArray, gradient: FloatArray, from: number, to: number): void {
    const { group } = this;
    for (let start = from; start < to; start += PLAIN_TERMS) {
      const end = Math.min(start + PLAIN_TERMS, to);
      let sumY = 0;
      let sumYY = 0;
      let sumG = 0;
      let sumGG = 0;
      let sumGY = 0;
      for (let i = start; i < end; i++) {
        const yi = y[i];
        const gi = gradient[i];
        sumY += yi;
        sumYY += yi * yi;
        sumG += gi;
        sumGG += gi * gi;
        sumGY += gi * yi;
      }
      if (!Number.isFinite(sumYY + sumGG)) {
        this.addRunWithGaps(y, gradient, start, end);
        continue;
      }
      this.sumY.add(group, sumY);
      this.sumYY.add(group, sumYY);
      this.sumG.add(group, sumG);
      this.sumGG.add(group, sumGG);
      this.sumGY.add(group, sumGY);
    }
  }

  /** `addRun` for the rare stretch that holds NaN or infinite elements: leaves them out and counts them. */
  private addRunWithGaps(y: FloatArray, gradient: FloatArray, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const yi = y[i];
      const gi = gradient[i];
      if (!Number.isFinite(yi * yi + gi * gi)) {
        this.missing[this.group]++;
        continue;
      }
      this.sumY.add(this.group, yi);
      this.sumYY.add(this.group, yi * yi);
      this.sumG.add(this.group, gi);
      this.sumGG.add(this.group, gi * gi);
      this.sumGY.add(this.group, gi * yi);
    }
  }

  /** Adds elements of neighbouring groups, one each. */
  private addRow(y: FloatArray, gradient: FloatArray, from: number, to: number): void {
    const { sumY, sumYY, sumG, sumGG, sumGY } = this.rows;
    for (let i = from, k = this.inRun; i < to; i++, k++) {
      const yi = y[i];
      const gi = gradient[i];
      const square = yi * yi + gi * gi;
      if (!(square < Number.POSITIVE_INFINITY)) {
        this.missing[this.group + k]++;
        continue;
      }
      sumY[k] += yi;
      sumYY[k] += yi * yi;
      sumG[k] += gi;
      sumGG[k] += gi * gi;
      sumGY[k] += gi * yi;
    }
  }

  /** Adds the plain sums of the rows, which start at `group`, with compensation. */
  private foldRows(group = this.group): void {
    const { rows } = this;
    if (rows.count === 0) return;
    for (let k = 0; k < rows.sumY.length; k++) {
      this.sumY.add(group + k, rows.sumY[k]);
      this.sumYY.add(group + k, rows.sumYY[k]);
      this.sumG.add(group + k, rows.sumG[k]);
      this.sumGG.add(group + k, rows.sumGG[k]);
      this.sumGY.add(group + k, rows.sumGY[k]);
    }
    rows.clear();
  }
}

/** What the decomposition of a layer needs of each group: Σy, Σy², ΣG, ΣG² and ΣG∘y. */
export interface GroupSums {
  readonly y: ArrayLike<number>;
  readonly yy: ArrayLike<number>;
  readonly g: ArrayLike<number>;
  readonly gg: ArrayLike<number>;
  readonly gy: ArrayLike<number>;
}

/**
 * The decomposition from the sums of groups of `elements`, of which `missing` (a number per group) are not in the sums.
 */
export function sharesFromSums(
  sums: GroupSums,
  elements: number,
  { centred = true, missing }: { readonly centred?: boolean; readonly missing?: ArrayLike<number> } = {},
): BlockedShares {
  const groups = sums.y.length;
  const perGroup = () => new Float64Array(groups);
  const shares = {
    elements,
    centred,
    energy: perGroup(),
    first: perGroup(),
    diag: perGroup(),
    passed: perGroup(),
    gradient: perGroup(),
    curvature: perGroup(),
    inner: perGroup(),
    mean: perGroup(),
    meanSquare: perGroup(),
  };
  const total = { energy: 0, first: 0, diag: 0, passed: 0 };
  let constantGroups = 0;
  let nonFinite = 0;
  for (let group = 0; group < groups; group++) {
    const absent = missing?.[group] ?? 0;
    nonFinite += absent;
    const n = elements - absent;
    if (n === 0) continue;
    const y = sums.y[group];
    const yy = sums.yy[group];
    const g = sums.g[group];
    const gy = sums.gy[group];
    const spread = centred ? yy - (y * y) / n : yy;
    const along = centred ? gy - (g * y) / n : gy;
    const constant = spread <= CONSTANT * yy;
    if (constant) constantGroups++;

    const energy = sums.gg[group];
    const first = centred ? (g * g) / n : 0;
    const diag = constant ? 0 : (along * along) / spread;
    // Rounding can take what is 0 in exact arithmetic (n = 2: everything is blocked) slightly below it.
    const passed = Math.max(0, energy - first - diag);
    shares.energy[group] = energy;
    shares.first[group] = first;
    shares.diag[group] = diag;
    shares.passed[group] = passed;
    shares.gradient[group] = g / n;
    shares.curvature[group] = constant ? 0 : along / spread;
    shares.inner[group] = gy;
    shares.mean[group] = y / n;
    shares.meanSquare[group] = yy / n;
    total.energy += energy;
    total.first += first;
    total.diag += diag;
    total.passed += passed;
  }
  return { ...shares, total, constantGroups, nonFinite };
}

class RowSums {
  readonly sumY: Float64Array;
  readonly sumYY: Float64Array;
  readonly sumG: Float64Array;
  readonly sumGG: Float64Array;
  readonly sumGY: Float64Array;
  count = 0;

  constructor(size: number) {
    this.sumY = new Float64Array(size);
    this.sumYY = new Float64Array(size);
    this.sumG = new Float64Array(size);
    this.sumGG = new Float64Array(size);
    this.sumGY = new Float64Array(size);
  }

  clear(): void {
    this.count = 0;
    for (const sums of [this.sumY, this.sumYY, this.sumG, this.sumGG, this.sumGY]) sums.fill(0);
  }
}
