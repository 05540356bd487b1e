/** Milliseconds between two reports of progress. */
const INTERVAL = 1000;

/** Watches how fast training goes, and says about once a second how far it has come. */
export class Pace {
  private readonly start = performance.now();
  private reported = this.start;

  /** For steps `from` to `to`, of `samples` samples each. */
  constructor(
    private readonly from: number,
    private readonly to: number,
    private readonly samples: number,
  ) {}

  /** Whether it is time to report again. */
  get due(): boolean {
    return performance.now() - this.reported >= INTERVAL;
  }

  /** Such as `step 120 of 936, loss 0.43, 12,345 samples/s, 8 s left`. Reckons with all that was done since the start. */
  report(step: number, losses: Readonly<Record<string, number>>): string {
    this.reported = performance.now();
    const steps = (step - this.from) / ((this.reported - this.start) / 1000);
    const rate = Number((steps * this.samples).toPrecision(3)).toLocaleString("en");
    const shown = Object.entries(losses).map(([name, loss]) => `${name} ${loss.toPrecision(3)}`);
    return [
      `step ${step} of ${this.to}`,
      ...shown,
      `${rate} samples/s`,
      `${duration((this.to - step) / steps)} left`,
    ].join(", ");
  }
}

const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
