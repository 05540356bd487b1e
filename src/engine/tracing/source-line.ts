import { UserError } from "../../base/errors.js";

/** A place in the source of a traced function. */
export interface SourceLine {
  /** Path of the file. */
  readonly file: string;
  /** Line in the file, from 1. */
  readonly line: number;
  /** Column in the line, from 1. */
  readonly column: number;
  /** Name of the function that contains the place, where the function has a name. */
  readonly within?: string;
}

/** `file:line:column`, which editors and terminals open. */
export const showSourceLine = ({ file, line, column }: SourceLine): string => `${file}:${line}:${column}`;

/**
 * Returns `f()`. An error that `f` throws becomes a `UserError` that begins with the innermost of
 * `lines`.
 */
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

/** Calls `f`. The lists of calls that `callers` and `callsIn` return end at this call. */
export function outermost<T>(f: () => T): T {
  return f();
}

/**
 * The calls that led here, innermost first, up to `outermost`, without those of the engine and of
 * packages. Empty where the platform writes its stacks in another form than V8.
 */
export function callers(): readonly SourceLine[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = Number.POSITIVE_INFINITY;
  const calls = callsIn(new Error());
  Error.stackTraceLimit = stackTraceLimit;
  return calls.filter(({ owner }) => owner === "user" || owner === "blindspot");
}

/** A call on a stack, and whose code it is in. */
export interface Call extends SourceLine {
  readonly owner: "engine" | "blindspot" | "package" | "user";
}

/** The calls that led to the error, innermost first, up to `outermost`. */
export function callsIn(error: Error): readonly Call[] {
  // Tools that map positions back to TypeScript change the text of a stack only, so the text is
  // read.
  const frames = (error.stack ?? "").split("\n").flatMap(parseFrame);
  const end = frames.findIndex(({ within }) => within === outermost.name);
  return frames.slice(0, end < 0 ? undefined : end).map((frame) => ({ ...frame, owner: ownerOf(frame) }));
}

const FRAME = /^\s+at (?:async )?(?:(.+?) (?:\[as .+?\] )?\()?(?:file:\/\/)?(.+?):(\d+):(\d+)\)?$/;

function parseFrame(text: string): SourceLine[] {
  const [, name, file, line, column] = FRAME.exec(text) ?? [];
  if (file === undefined) return [];
  const within = name === undefined || name.includes("<anonymous>") ? {} : { within: name };
  return [{ file, line: Number(line), column: Number(column), ...within }];
}

/** A folder of this package as built and as written: source maps lead from `dist` to `src`. */
function folders(relative: string): readonly string[] {
  const built = new URL(relative, import.meta.url).pathname;
  return [built, built.replace(/\/dist\/(engine\/)?$/, "/src/$1")];
}

const ENGINE = folders("..");
const BLINDSPOT = folders("../..");

function ownerOf({ file }: SourceLine): Call["owner"] {
  const isIn = (folder: string) => file.startsWith(folder);
  if (ENGINE.some(isIn)) return "engine";
  if (BLINDSPOT.some(isIn)) return "blindspot";
  return file.includes("/node_modules/") || file.startsWith("node:") ? "package" : "user";
}
