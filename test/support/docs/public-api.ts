import { readFileSync } from "node:fs";
import { relative } from "node:path";
import ts from "typescript";

/** A folder of exports, as users import it: `blindspot/theory` is src/theory/index.ts. */
export interface EntryPoint {
  readonly name: string;
  readonly file: string;
}

/** An export of a public entry point with its docstring. */
export interface PublicExport {
  /** Entry point and name, such as `blindspot/theory chanceLevel`. */
  readonly id: string;
  /** `file:line` of the declaration. */
  readonly where: string;
  /** Code of the `@example` blocks. */
  readonly examples: readonly string[];
  /** What the docstring lacks; empty where it is complete. */
  readonly missing: readonly string[];
}

/**
 * Entry points of package.json's "exports", each source file once: an alias comes after what it
 * stands for.
 */
export function entryPoints(): EntryPoint[] {
  const { exports } = JSON.parse(readFileSync("package.json", "utf8")) as {
    exports: Record<string, string | { types: string }>;
  };
  const files = new Map<string, EntryPoint>();
  for (const [path, target] of Object.entries(exports)) {
    if (typeof target === "string") continue;
    const file = target.types.replace(/^\.\/dist/, "src").replace(/\.d\.ts$/, ".ts");
    if (!files.has(file)) files.set(file, { name: path.replace(/^\./, "blindspot"), file });
  }
  return [...files.values()];
}

/** The repository's compiler options, with every entry point importable by its public name. */
export function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile("tsconfig.json", ts.sys.readFile) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const paths = Object.fromEntries(
    entryPoints().map(({ name, file }) => [name, [`${process.cwd()}/${file}`]]),
  );
  return { ...options, paths };
}

/**
 * Every export of every entry point. A declaration that several entry points export counts for the
 * one with the longest name: `blindspot/audit`, not `blindspot`.
 */
export function publicExports(): PublicExport[] {
  const program = ts.createProgram(
    entryPoints().map(({ file }) => file),
    compilerOptions(),
  );
  const checker = program.getTypeChecker();
  const found = new Map<ts.Symbol, PublicExport>();
  for (const { name, file } of entryPoints().sort((a, b) => b.name.length - a.name.length))
    for (const symbol of exportsOf(checker, program.getSourceFile(file)!)) {
      const target = resolved(checker, symbol);
      if (!found.has(target)) found.set(target, describe(checker, target, `${name} ${symbol.name}`, symbol));
      // The tensor language is a namespace of many small functions.
      if (symbol.name !== "lang") continue;
      for (const member of checker.getExportsOfModule(target)) {
        const inner = resolved(checker, member);
        if (!found.has(inner))
          found.set(inner, describe(checker, inner, `${name} lang.${member.name}`, member));
      }
    }
  return [...found.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

const exportsOf = (checker: ts.TypeChecker, file: ts.SourceFile): ts.Symbol[] =>
  checker.getExportsOfModule(checker.getSymbolAtLocation(file)!);

const resolved = (checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol =>
  symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

/** Describes what `exported` stands for, `symbol`. */
function describe(checker: ts.TypeChecker, symbol: ts.Symbol, id: string, exported: ts.Symbol): PublicExport {
  const declarations = symbol.getDeclarations() ?? [];
  const declaration = declarations.find(isFunctionOrClass) ?? declarations[0];
  const source = declaration.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(declaration.getStart());
  const where = `${relative(".", source.fileName)}:${line + 1}`;
  if (ts.isSourceFile(declaration)) return { id, where, examples: [], missing: [] };
  const tags = symbol.getJsDocTags(checker);
  const texts = (tag: string) =>
    tags.filter(({ name }) => name === tag).map(({ text }) => ts.displayPartsToString(text));
  const examples = texts("example").flatMap(fencedCode);
  const missing: string[] = [];
  if (ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim() === "")
    missing.push("a summary");
  const signature = signatureOf(checker, symbol, declaration);
  const isClass = (symbol.flags & ts.SymbolFlags.Class) !== 0 && !isTypeOnly(exported);
  // Functions of the tensor language are one line each: their summary is their documentation.
  const small = id.includes(" lang.");
  if (signature !== undefined && !small) {
    const documented = texts("param").map((text) => /^[\w$.]+/.exec(text)?.[0] ?? "");
    missing.push(...undocumented(signature, documented).map((name) => `@param ${name}`));
    if (returnsValue(checker, signature) && texts("returns").every((text) => text.trim() === ""))
      missing.push("@returns");
  }
  if ((signature !== undefined || isClass) && !small && examples.length === 0)
    missing.push("an @example in a ```ts fence");
  return { id, where, examples, missing };
}

/**
 * Whether an entry point exports a class as a type: users meet its objects, but cannot make one.
 */
const isTypeOnly = (exported: ts.Symbol): boolean =>
  (exported.getDeclarations() ?? []).some(
    (node) => ts.isExportSpecifier(node) && ts.isTypeOnlyExportDeclaration(node),
  );

const isFunctionOrClass = (node: ts.Declaration): boolean =>
  ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node);

/**
 * The signature whose parameters a docstring describes. A constant whose type has a name, such as
 * `relu: LayerFunction`, leaves its parameters to that type.
 */
function signatureOf(
  checker: ts.TypeChecker,
  symbol: ts.Symbol,
  declaration: ts.Declaration,
): ts.Signature | undefined {
  if (ts.isFunctionDeclaration(declaration)) return checker.getSignatureFromDeclaration(declaration);
  if (!ts.isVariableDeclaration(declaration) || declaration.type !== undefined) return undefined;
  return checker.getTypeOfSymbol(symbol).getCallSignatures()[0];
}

/**
 * Parameters without an `@param`. One that is taken apart in the signature may have any name in its
 * docstring.
 */
function undocumented(signature: ts.Signature, documented: readonly string[]): string[] {
  const names = signature.getParameters().map((parameter) => parameter.name);
  const spare = documented.filter((name) => !names.includes(name) && !name.includes("."));
  return names.filter((name) => {
    if (documented.includes(name)) return false;
    return !(name.startsWith("__") && spare.shift() !== undefined);
  });
}

function returnsValue(checker: ts.TypeChecker, signature: ts.Signature): boolean {
  const type = signature.getReturnType();
  const value = checker.getAwaitedType(type) ?? type;
  return (value.flags & (ts.TypeFlags.Void | ts.TypeFlags.Never)) === 0;
}

const fencedCode = (text: string): string[] =>
  [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code);
