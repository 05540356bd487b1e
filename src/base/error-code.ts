/** The system's code for a failed file operation, such as ENOENT; without one, the message. */
export const errorCode = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? (error as Error).message;
