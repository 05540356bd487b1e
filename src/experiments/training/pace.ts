import { timeLeft } from "../../base/time-left.js";

/** Milliseconds from one progress report to the next. */
const INTERVAL = 1000;

/** Reports about once a second how far training is and how fast it goes. */
export class Pace {
  private readonly start = performance.now();
  private reported = this.start;

  /** Training makes steps `from` to `to` of `samples` samples each. */
  constructor(
    private readonly from: number,
    private readonly to: number,
    private readonly samples: number,
  ) {}

  /** Whether the next report is due. */
  get due(): boolean {
    return performance.now() - this.reported >= INTERVAL;
  }

  /**
   * A line such as `step 120 of 936, loss 0.43, 12,345 samples/s, 8 s left`. The speed is the mean
   * since the start.
   */
  report(step: number, losses: Readonly<Record<string, number>>): string {
    this.reported = performance.now();
    const steps = (step - this.from) / ((this.reported - this.start) / 1000);
    const rate = Number((steps * this.samples).toPrecision(3)).toLocaleString("en");
    const shown = Object.entries(losses).map(([name, loss]) => `${name} ${loss.toPrecision(3)}`);
    return [
      `step ${step} of ${this.to}`,
      ...shown,
      `${rate} samples/s`,
      `${timeLeft((this.to - step) / steps)} left`,
    ].join(", ");
  }
}
