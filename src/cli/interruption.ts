/** The reason of a signal that SIGINT or SIGTERM aborts. */
export class Interrupted extends Error {}

/**
 * Runs `action` with an abort signal. The first SIGINT or SIGTERM aborts the signal, so that
 * `action` can clean up. The second one ends the process at once.
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
