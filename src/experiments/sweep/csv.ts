import type { SweepResult } from "./result.js";

/**
 * The values of a sweep as CSV (RFC 4180). Each value has a line with the varied settings, its
 * condition, its quantity and its seed.
 */
export function csvOf({ settings, cells, seeds }: SweepResult): string {
  const keys = Object.keys(settings);
  const lines = [[...keys, "group", "series", "quantity", "seed", "value"]];
  for (const { overrides, measurements } of cells)
    for (const { group, series, quantity, values } of measurements)
      for (const [i, value] of values.entries())
        lines.push([
          ...keys.map((key) => overrides[key]),
          ...[group, series, quantity, String(seeds[i]), String(value)],
        ]);
  return lines.map((line) => `${line.map(field).join(",")}\r\n`).join("");
}

const field = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
