/** Tells how far long work has come. */
export type Progress = (message: string) => void;

/**
 * Shows the current step on one line of stderr, which the next step overwrites and `done` clears. Silent
 * where stderr is not a terminal, so that logs and pipes stay clean.
 */
export function terminalProgress(stream: NodeJS.WriteStream = process.stderr): {
  report: Progress;
  done: () => void;
} {
  if (!stream.isTTY) return { report: () => {}, done: () => {} };
  const show = (text: string) => stream.write(`\r\u001b[2K${text.slice(0, (stream.columns ?? 80) - 1)}`);
  return { report: (message) => show(`blindspot: ${message}…`), done: () => show("") };
}
