import { UserError } from "../../base/errors.js";

/** A place in the source of a traced function. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** The function it is in, where that has a name. */
  readonly within?: string;
}

/** `file:line:column`, which editors and terminals open. */
const showSourceLine = ({ file, line, column }: SourceLine): string => `${file}:${line}:${column}`;

/** What `f` gives; the message of an error that it throws begins with the innermost of `lines`, where there is one. */
export function located<T>(lines: readonly SourceLine[] | undefined, f: () => T): T {
  const line = lines?.[0];
  if (line === undefined) return f();
  try {
    return f();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new UserError(`${showSourceLine(line)}: ${message}`, 2, { cause: error });
  }
}

/** Calls `f`. The lines that `callers` gives inside of it end here. */
export function outermost<T>(f: () => T): T {
  return f();
}

/**
 * The calls that led here, innermost first, up to `outermost`; frames of this engine and of packages are left out. Empty
 * where the platform writes its stacks in another way than V8.
 */
export function callers(): readonly SourceLine[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  // Read as text, since tools that map positions back to TypeScript change the text only.
  const frames = (new Error().stack ?? "").split("\n").flatMap(parseFrame);
  Error.stackTraceLimit = stackTraceLimit;
  const end = frames.findIndex(({ within }) => within === outermost.name);
  return frames.slice(0, end < 0 ? undefined : end).filter(({ file }) => !isOurs(file));
}

const FRAME = /^\s+at (?:async )?(?:(.+?) (?:\[as .+?\] )?\()?(?:file:\/\/)?(.+?):(\d+):(\d+)\)?$/;

function parseFrame(text: string): SourceLine[] {
  const [, name, file, line, column] = FRAME.exec(text) ?? [];
  if (file === undefined) return [];
  const within = name === undefined || name.includes("<anonymous>") ? {} : { within: name };
  return [{ file, line: Number(line), column: Number(column), ...within }];
}

/** The engine's folder, as built and as written (source maps lead from `dist` to `src`). */
const HERE = new URL("..", import.meta.url).pathname;
const OWN = [HERE, HERE.replace(/\/dist\/engine\/$/, "/src/engine/")];

const isOurs = (file: string): boolean =>
  OWN.some((folder) => file.startsWith(folder)) ||
  file.includes("/node_modules/") ||
  file.startsWith("node:");
