import { expect } from "vitest";
import { UserError } from "../../src/base/errors.js";

/** Expects a UserError of one line that names the file and holds the words. */
export async function expectUserError(
  action: () => Promise<unknown>,
  file: string,
  words: RegExp,
): Promise<void> {
  const error = await action().then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UserError);
  const { message } = error as UserError;
  expect(message).toMatch(words);
  expect(message.startsWith(`${file}: `)).toBe(true);
  expect(message).not.toContain("\n");
}
