/** Thrown where work ends because the user, or the system, asked it to. */
export class Interrupted extends Error {}

/**
 * Runs `action` with a signal that the first SIGINT or SIGTERM aborts, so that it can put things in order; a second one
 * ends the process at once.
 */
export async function interruptible<T>(action: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const abort = () => {
    process.off("SIGINT", abort).off("SIGTERM", abort);
    controller.abort(new Interrupted());
  };
  process.on("SIGINT", abort).on("SIGTERM", abort);
  try {
    return await action(controller.signal);
  } finally {
    process.off("SIGINT", abort).off("SIGTERM", abort);
  }
}
