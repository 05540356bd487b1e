/** Reports how far long work has come. */
export type Progress = (message: string) => void;

/**
 * Shows the current step on one line of stderr. The next step overwrites the line, and `done`
 * clears it. If stderr is not a terminal, nothing is written, so logs stay clean.
 */
export function terminalProgress(stream: NodeJS.WriteStream = process.stderr): {
  report: Progress;
  done: () => void;
} {
  if (!stream.isTTY) return { report: () => {}, done: () => {} };
  const show = (text: string) => stream.write(`\r\u001b[2K${text.slice(0, (stream.columns ?? 80) - 1)}`);
  return { report: (message) => show(`blindspot: ${message}…`), done: () => show("") };
}

/** Time between two lines if stderr is not a terminal. */
const EVERY_MS = 10_000;

/**
 * Shows the progress of work that takes minutes or hours. If stderr is not a terminal, a plain line
 * is written every ten seconds, so a log shows the progress. `note` writes a line that stays, in
 * both cases.
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

/** Draws a share from 0 to 1 as a bar of characters. */
export function bar(share: number, width = 8): string {
  const full = Math.round(share * width);
  return `${"━".repeat(full)}${"╌".repeat(width - full)}`;
}
