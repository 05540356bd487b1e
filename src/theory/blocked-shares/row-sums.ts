/** Plain sums of y, y², G, G² and G∘y for a row of neighbouring groups. */
export class RowSums {
  readonly sumY: Float64Array;
  readonly sumYY: Float64Array;
  readonly sumG: Float64Array;
  readonly sumGG: Float64Array;
  readonly sumGY: Float64Array;
  /** How many rows the sums hold. */
  count = 0;

  /** @param size - groups in a row */
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
