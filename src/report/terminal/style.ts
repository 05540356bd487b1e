import type { Verdict } from "../../audit/report/result.js";

export type Style = "bold" | "faint" | "red" | "yellow" | "green";
export type Paint = (style: Style, text: string) => string;

const codes: Record<Style, [on: number, off: number]> = {
  bold: [1, 22],
  faint: [2, 22],
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
};

/**
 * Returns a function that puts ANSI escape codes around text; without `color` it returns the text
 * as it is.
 */
export function painter({ color }: { readonly color: boolean }): Paint {
  if (!color) return (_, text) => text;
  return (style, text) => `\u001b[${codes[style][0]}m${text}\u001b[${codes[style][1]}m`;
}

/** Signs of the verdicts. Sign and word tell a verdict; the colour only repeats it. */
export const verdictSigns: Record<Verdict, string> = { blind: "●", dim: "◐", clear: "○", unmeasured: "?" };
export const verdictStyles: Record<Verdict, Style> = {
  blind: "red",
  dim: "yellow",
  clear: "green",
  unmeasured: "yellow",
};
