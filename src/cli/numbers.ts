import { InvalidArgumentError } from "commander";

/** Returns a reader of options that are whole numbers from `least` on. */
export const wholeNumber =
  (least: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > 2 ** 32 - 1)
      throw new InvalidArgumentError(`expected a whole number from ${least} to ${2 ** 32 - 1}.`);
    return value;
  };

/** Reads an option that is a number from 0 on. */
export function nonNegative(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < 0)
    throw new InvalidArgumentError("expected a number from 0 on.");
  return value;
}
