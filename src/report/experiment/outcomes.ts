import type { ClaimResult, Outcome, Sample } from "../../experiments/result.js";
import { significant } from "../format.js";
import type { Style } from "../terminal/style.js";

/** Signs of the outcomes of a claim. */
export const signs: Record<Outcome, string> = { confirmed: "✓", "not confirmed": "✗", undecided: "?" };
export const styles: Record<Outcome, Style> = {
  confirmed: "green",
  "not confirmed": "red",
  undecided: "yellow",
};
export const relations: Record<ClaimResult["relation"], string> = { "at least": "≥", "at most": "≤" };

/** Writes mean and standard deviation: `0.93 ± 0.01`. */
export const meanOf = ({ mean, deviation }: Sample): string =>
  deviation === null ? significant(mean, 3) : `${significant(mean, 3)} ± ${significant(deviation, 2)}`;
