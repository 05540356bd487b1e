/**
 * Fails for each `x!` whose type excludes null and undefined already. The compiler option
 * noUncheckedIndexedAccess is off, so `list[i]` needs no `!`; every `!` that remains asserts
 * something.
 */
import { relative } from "node:path";
import ts from "typescript";

const { fileNames, options } = ts.getParsedCommandLineOfConfigFile(
  "tsconfig.json",
  {},
  {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: ({ messageText }) => {
      throw new Error(ts.flattenDiagnosticMessageText(messageText, "\n"));
    },
  },
)!;
const program = ts.createProgram(fileNames, options);
const checker = program.getTypeChecker();

const found = program.getSourceFiles().flatMap((file) => {
  if (program.isSourceFileFromExternalLibrary(file) || file.isDeclarationFile) return [];
  return unneeded(file).map((position) => {
    const { line, character } = file.getLineAndCharacterOfPosition(position);
    return `${relative(".", file.fileName)}:${line + 1}:${character + 1}: this ! asserts what the type already says: remove it`;
  });
});
if (found.length > 0) {
  process.stderr.write(`${found.join("\n")}\n`);
  process.exitCode = 1;
}

/** Positions of the `!` that assert nothing. */
function unneeded(file: ts.SourceFile): number[] {
  const positions: number[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNonNullExpression(node) && !mayBeNullish(node.expression)) positions.push(node.end - 1);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return positions;
}

function mayBeNullish(expression: ts.Expression): boolean {
  const type = checker.getTypeAtLocation(expression);
  const { Any, Unknown, Null, Undefined, TypeParameter } = ts.TypeFlags;
  return (
    (type.flags & (Any | Unknown | Null | Undefined | TypeParameter)) !== 0 ||
    checker.getNonNullableType(type) !== type
  );
}
