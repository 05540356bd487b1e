import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { expect, it } from "vitest";
import * as theory from "../../src/theory/index.js";
import * as verify from "../../src/verify/index.js";

const ROOMS: Readonly<Record<string, object>> = {
  "blindspot/theory": theory,
  "blindspot/verify": verify,
};

interface Example {
  readonly file: string;
  /** The declaration below the docstring. */
  readonly name: string;
  readonly code: string;
}

/** Every fenced example in a docstring of src/theory and src/verify. */
const examples = ["src/theory", "src/verify"].flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => examplesIn(join(folder, name))),
);

function examplesIn(file: string): Example[] {
  const docstrings = readFileSync(file, "utf8").matchAll(
    /^ \* @example\n \* ```ts\n([\s\S]*?) \* ```\n(?: \*.*\n)* \*\/\n(?:export )?(?:async )?\w+ (\w+)/gm,
  );
  return [...docstrings].map(([, code, name]) => ({ file, name, code: code.replace(/^ \* ?/gm, "") }));
}

/**
 * What the code prints, one string per console.log, and what the comments behind each say it
 * prints.
 */
async function run(code: string): Promise<{ printed: string[]; promised: string[] }> {
  const printed: string[] = [];
  const log = (...values: unknown[]) => printed.push(values.map(show).join(" "));
  const promised = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gm)].map(([, text]) => text);
  const options = { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext };
  const body = ts
    .transpileModule(code, { compilerOptions: options })
    .outputText.replace(/import \{([^}]*)\} from "([^"]*)";/g, 'const {$1} = rooms["$2"];');
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  await new AsyncFunction("rooms", "console", body)(ROOMS, { log });
  return { printed, promised };
}

/** A value as the comments write it: arrays in brackets, −0 as 0, at most twelve digits. */
function show(value: unknown): string {
  if (typeof value === "number") return String(Number(value.toPrecision(12)) + 0);
  if (ArrayBuffer.isView(value) || Array.isArray(value))
    return `[${Array.from(value as ArrayLike<unknown>, show).join(", ")}]`;
  if (typeof value !== "object" || value === null) return String(value);
  return `{ ${Object.entries(value)
    .map(([key, entry]) => `${key}: ${show(entry)}`)
    .join(", ")} }`;
}

it.each(examples)("The example of $name in $file prints what its comments say.", async ({ code }) => {
  const { printed, promised } = await run(code);
  expect(promised.length).toBeGreaterThan(0);
  expect(printed).toEqual(promised);
});

it.each(Object.entries(ROOMS))("Every function that %s exports has an example.", (_, room) => {
  const named = new Set(examples.map(({ name }) => name));
  const functions = Object.entries(room).filter(([, value]) => typeof value === "function");
  expect(functions.map(([name]) => name).filter((name) => !named.has(name))).toEqual([]);
});
