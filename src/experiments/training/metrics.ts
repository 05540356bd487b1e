import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

/** Numbers measured after a step. */
export interface Metrics {
  readonly step: number;
  readonly [name: string]: number;
}

/** A number over the steps at which it was measured. */
export interface Series {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

export function seriesOf(metrics: readonly Metrics[], name: string): Series {
  const measured = metrics.filter((line) => line[name] !== undefined);
  return { steps: measured.map(({ step }) => step), values: measured.map((line) => line[name]) };
}

/** A file of metrics, one JSON object a line, in order of steps. */
export class MetricsFile {
  constructor(private readonly path: string) {}

  /** Starts the file anew, or keeps its lines up to `step`: those after a checkpoint are measured again. */
  restart(step: number): void {
    const kept = this.read().filter((metrics) => metrics.step <= step);
    writeFileSync(this.path, kept.map((metrics) => `${JSON.stringify(metrics)}\n`).join(""));
  }

  append(metrics: readonly Metrics[]): void {
    appendFileSync(this.path, metrics.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  /** All whole lines; one that a kill cut short is left out. */
  read(): Metrics[] {
    if (!existsSync(this.path)) return [];
    const lines = readFileSync(this.path, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Metrics);
  }
}
