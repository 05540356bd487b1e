/**
 * Many running sums in float64 whose error does not grow with the number of terms.
 *
 * Neumaier's variant of Kahan summation: beside each sum it keeps what rounding took from that sum.
 *
 * Source: A. Neumaier, "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen",
 * ZAMM 54 (1974).
 */
export class CompensatedSums {
  private readonly sums: Float64Array;
  private readonly lost: Float64Array;

  constructor(count: number) {
    this.sums = new Float64Array(count);
    this.lost = new Float64Array(count);
  }

  add(index: number, term: number): void {
    const before = this.sums[index];
    const after = before + term;
    this.sums[index] = after;
    this.lost[index] += Math.abs(before) >= Math.abs(term) ? before - after + term : term - after + before;
  }

  total(index: number): number {
    return this.sums[index] + this.lost[index];
  }
}
