import { CompensatedSums } from "../compensated.js";
import { type GroupLayout, groupCount, groupSize } from "../layout.js";
import type { FloatArray } from "../standardize.js";
import type { BlockedShares } from "./decomposition.js";
import { sharesFromSums } from "./from-sums.js";
import { type MemoryAxis, memoryAxes } from "./memory-order.js";
import { RowSums } from "./row-sums.js";

/**
 * This many terms are added plainly; then their sum is added with compensation. The error stays
 * that of a sum of this many terms.
 */
const PLAIN_TERMS = 512;

/** Options of `blockedShares` and `BlockedSharesAccumulator`. */
export interface BlockedSharesOptions {
  /** False for RMS normalization, which subtracts no mean. Default true. */
  readonly centred?: boolean;
  /** G is too large by this factor, as under mixed precision with loss scaling. Default 1. */
  readonly gradientScale?: number;
}

/**
 * Splits the energy of the cotangent G = ∂L/∂y, in one pass over y and G:
 *
 *     first  = n·mean(G)²                 diag = ⟨G,yc⟩²/⟨yc,yc⟩,  yc = y − mean(y)
 *     passed = ‖G‖² − first − diag
 *
 * RMS normalization subtracts no mean: first = 0 and diag = ⟨G,y⟩²/⟨y,y⟩.
 *
 * The accumulator takes blocks of any length in memory order. So a layer of any size can be read in
 * pieces. It keeps five sums per group in float64, with compensation.
 * Source: docs/theory.md, section 6; for the other normalizations docs/theory.md, section 7.
 *
 * @example
 * ```ts
 * import { BlockedSharesAccumulator, batchNormLayout } from "blindspot/theory";
 *
 * const accumulator = new BlockedSharesAccumulator(batchNormLayout([4, 1]));
 * accumulator.add(Float64Array.of(-1, -1), Float64Array.of(2, 0));
 * accumulator.add(Float64Array.of(1, 1), Float64Array.of(2, 4));
 * console.log(accumulator.result().total); // { energy: 24, first: 16, diag: 4, passed: 4 }
 * ```
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
  /** Number of elements left out of each group. */
  private readonly missing: Float64Array;

  /**
   * The fastest axis in memory. Its elements, a run, are either elements of one group or one
   * element each of neighbouring groups.
   */
  private readonly run: MemoryAxis;
  /** Position of the next element in the current run. */
  private inRun = 0;
  /** The axes other than `run`, and the position of the current run on each. */
  private readonly slower: readonly MemoryAxis[];
  private readonly position: number[];
  /** The group of the first element of the current run. */
  private group = 0;
  /** How many elements were added. */
  private seen = 0;

  /** Plain sums of up to PLAIN_TERMS runs over the same neighbouring groups. */
  private readonly rows: RowSums;

  /**
   * @param layout - where the groups lie in y and G; must cover a dense tensor
   * @param options - whether the mean is subtracted, and the scale of G
   * @throws RangeError where the layout has gaps
   */
  constructor(layout: GroupLayout, { centred = true, gradientScale = 1 }: BlockedSharesOptions = {}) {
    const { fastest, slower } = memoryAxes(layout);
    this.run = fastest;
    this.slower = slower;
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

  /**
   * Adds the next elements of y and G in memory order, after those of the last call.
   *
   * @param y - elements of y
   * @param gradient - the same elements of G
   * @throws RangeError where the two differ in length, or together exceed the layout
   */
  add(y: FloatArray, gradient: FloatArray): void {
    if (y.length !== gradient.length)
      throw new RangeError(`y has ${y.length} elements and its gradient has ${gradient.length}`);
    this.seen += y.length;
    if (this.seen > this.groups * this.elements)
      throw new RangeError(`the layout has ${this.groups * this.elements} elements, got ${this.seen}`);
    for (let start = 0; start < y.length; ) {
      const end = Math.min(start + this.run.size - this.inRun, y.length);
      if (this.run.groupStep === 0) this.addRun(y, gradient, start, end);
      else this.addRow(y, gradient, start, end);
      this.inRun += end - start;
      if (this.inRun === this.run.size) this.nextRun();
      start = end;
    }
  }

  /**
   * The decomposition, once every element was added.
   *
   * @returns the decomposition, group by group and in total
   * @throws RangeError where elements are missing
   */
  result(): BlockedShares {
    if (this.seen !== this.groups * this.elements)
      throw new RangeError(`the layout has ${this.groups * this.elements} elements, got ${this.seen}`);
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

  /** Moves on to the next run in memory. */
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

  /** Like `addRun`, for the rare stretch with NaN or infinite elements: counts and skips those. */
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

  /** Adds one element each of neighbouring groups. */
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

  /** Adds the plain sums of the rows with compensation. The first one belongs to `group`. */
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
