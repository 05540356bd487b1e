/** A small fault in the engine, which its tests must find. */
export interface Mutant {
  /** Under src/engine. */
  readonly file: string;
  readonly title: string;
  /** Occurs once in the file. */
  readonly find: string;
  readonly replace: string;
  /** The files under test/engine that are asked, in this order. */
  readonly tests: readonly string[];
}

type Change = readonly [title: string, find: string, replace: string];

/** The faults of one file. */
export const mutants = (file: string, tests: readonly string[], ...changes: readonly Change[]): Mutant[] =>
  changes.map(([title, find, replace]) => ({ file, title, find, replace, tests }));

/** The source of the mutant's file with the fault in it. */
export function mutated({ file, title, find, replace }: Mutant, source: string): string {
  const parts = source.split(find);
  if (parts.length !== 2)
    throw new Error(`${file}: ${title}: expected "${find}" once, found it ${parts.length - 1} times`);
  return parts.join(replace);
}
