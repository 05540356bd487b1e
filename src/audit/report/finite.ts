/** `value`, or null where it is NaN or infinite: JSON has no such numbers. */
export const finiteOrNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** `numbers`, or null where one of them is NaN or infinite. */
export function allFiniteOrNull<T extends object>(numbers: T | null): T | null {
  const bad = (value: unknown) => typeof value === "number" && !Number.isFinite(value);
  return numbers === null || Object.values(numbers).some(bad) ? null : numbers;
}
