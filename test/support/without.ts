/**
 * `entry` without one field. Type tests use it to show that an incomplete entry does not compile.
 */
export function without<T extends object, K extends keyof T>(entry: T, key: K): Omit<T, K> {
  const rest = { ...entry };
  delete rest[key];
  return rest;
}
