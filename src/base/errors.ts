/**
 * An error that the user can correct: bad input or wrong use. The message is one line that says
 * where the error is, what was expected, what was found and what to do. The command line prints the
 * message and exits with `exitCode`.
 *
 * @example
 * ```ts
 * import { UserError } from "blindspot";
 *
 * const error = new UserError("batch.npz: expected an array `input`, got none");
 * console.log(error.exitCode); // 2
 * ```
 */
export class UserError extends Error {
  override readonly name: string = "UserError";

  constructor(
    message: string,
    /**
     * Exit code of the command line: 2 for wrong use or bad input, 5 for a model without
     * normalization layers.
     */
    readonly exitCode: 2 | 5 = 2,
    options?: ErrorOptions,
  ) {
    super(onOneLine(message), options);
  }
}

/**
 * The message as one line without control characters, which names from damaged files may contain.
 */
function onOneLine(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are replaced
  return message.replace(/\s*\n\s*/g, " ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");
}
