import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";

/** The numbers of a step: its losses, and what was recorded or evaluated. */
export interface Metrics {
  readonly step: number;
  readonly [name: string]: number;
}

/** One number over the steps that have it. */
export interface Series {
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

/** The series of one number. Steps without the number are left out. */
export function seriesOf(metrics: readonly Metrics[], name: string): Series {
  const lines = metrics.filter((line) => line[name] !== undefined);
  return { steps: lines.map(({ step }) => step), values: lines.map((line) => line[name]) };
}

/** The last value of a series. */
export const lastOf = ({ values }: Series): number => values[values.length - 1];

/** A file of metrics with one JSON object a line, in the order of the steps. */
export class MetricsFile {
  constructor(private readonly path: string) {}

  /** Keeps the lines up to `step`. A resumed run makes the steps after its checkpoint again. */
  restart(step: number): void {
    const kept = this.read().filter((metrics) => metrics.step <= step);
    writeFileSync(this.path, kept.map((metrics) => `${JSON.stringify(metrics)}\n`).join(""));
  }

  /** Adds lines at the end. */
  append(metrics: readonly Metrics[]): void {
    appendFileSync(this.path, metrics.map((line) => `${JSON.stringify(line)}\n`).join(""));
  }

  /** All complete lines. A line that a killed process left incomplete is ignored. */
  read(): Metrics[] {
    if (!existsSync(this.path)) return [];
    const lines = readFileSync(this.path, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as Metrics);
  }
}
