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

/** Lines apart where stderr is not a terminal. */
const EVERY_MS = 10_000;

/**
 * The same for work of minutes and hours: where stderr is not a terminal, a plain line now and then, so that a log
 * shows how far it has come. `note` leaves a line in either case.
 */
export function longProgress(stream: NodeJS.WriteStream = process.stderr): {
  report: Progress;
  note: Progress;
  done: () => void;
} {
  const { report, done } = terminalProgress(stream);
  const note = (message: string) => {
    done();
    stream.write(`blindspot: ${message}\n`);
  };
  if (stream.isTTY) return { report, note, done };
  let latest = performance.now();
  return {
    report: (message) => {
      if (performance.now() - latest < EVERY_MS) return;
      latest = performance.now();
      note(message);
    },
    ...{ note, done },
  };
}

/** A share of 0 to 1 as a bar of text. */
export function bar(share: number, width = 8): string {
  const full = Math.round(share * width);
  return `${"━".repeat(full)}${"╌".repeat(width - full)}`;
}
