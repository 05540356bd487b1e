/**
 * A problem the user can mend: bad input, wrong use. Its message is one line that says where, what was
 * expected, what was got and what to do; the command line prints it as it is and exits with `exitCode`.
 */
export class UserError extends Error {
  override readonly name: string = "UserError";

  constructor(
    message: string,
    /** 2: wrong use or bad input; 5: the model holds no normalization layer. */
    readonly exitCode: 2 | 5 = 2,
    options?: ErrorOptions,
  ) {
    super(onOneLine(message), options);
  }
}

/** Names from damaged files may hold anything; a terminal gets one line without control characters. */
function onOneLine(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is replaced
  return message.replace(/\s*\n\s*/g, " ").replace(/[\u0000-\u001f\u007f-\u009f]/g, "\ufffd");
}
