/**
 * Whether the engine's tests notice faults: npm run mutants [-- words of titles or files]
 * One mutant after another is given to vitest in place of the file on disk, and the tests named for it run, one file after
 * another, until one fails. A mutant that all of them pass has survived. Exit code 1 if one did.
 */
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { createVitest, type TestModule, type Vitest } from "vitest/node";
import { MUTANTS } from "./index.js";
import { type Mutant, mutated } from "./mutant.js";

const root = resolve(import.meta.dirname, "../..");
const words = process.argv.slice(2);
const chosen = MUTANTS.filter(({ file, title }) => words.every((word) => `${file} ${title}`.includes(word)));

/** Runs tests on the sources with one mutant at a time in them. vitest stays loaded: starting it takes longer than most tests. */
class Lane {
  private mutant?: Mutant;
  private vitest!: Vitest;

  static async open(): Promise<Lane> {
    const lane = new Lane();
    lane.vitest = await createVitest(
      "test",
      // Nobody looks at counterexamples, so fast-check need not shrink them.
      {
        root,
        watch: false,
        maxWorkers: 1,
        bail: 1,
        reporters: [{}],
        setupFiles: ["scripts/engine-mutants/setup.ts"],
      },
      {
        plugins: [
          {
            name: "mutant",
            enforce: "pre",
            transform: (code, id) => {
              const { mutant } = lane;
              return mutant !== undefined && id === pathOf(mutant) ? mutated(mutant, code) : undefined;
            },
          },
        ],
      },
    );
    return lane;
  }

  /** The first of these tests that fails with `mutant`, or without any; undefined where none does. */
  async failure(tests: readonly string[], mutant?: Mutant): Promise<string | undefined> {
    for (const changed of [this.mutant, mutant]) if (changed) this.vitest.invalidateFile(pathOf(changed));
    this.mutant = mutant;
    for (const test of tests) {
      // vitest takes parts of paths, not patterns.
      const found = await this.vitest.globTestSpecifications([`/${test}.test.ts`]);
      const specifications = found.filter(({ moduleId }) => moduleId.includes("/test/engine/"));
      if (specifications.length === 0) throw new Error(`${test}.test.ts: not found under test/engine`);
      // What failed before would count towards `bail`.
      this.vitest.state.filesMap.clear();
      this.vitest.state.idMap.clear();
      const { testModules } = await this.vitest.runTestSpecifications(specifications);
      for (const module of testModules) if (!module.ok()) return `${test}: ${firstFailure(module)}`;
    }
    return undefined;
  }

  close(): Promise<void> {
    return this.vitest.close();
  }
}

const pathOf = ({ file }: Mutant): string => resolve(root, "src/engine", file);

function firstFailure(module: TestModule): string {
  for (const test of module.children.allTests("failed")) return test.fullName;
  throw new Error(`no program: ${module.errors().map(({ message }) => message)}`);
}

// Each lane runs on a core of its own, and so should the programs that its tests compile.
process.env.BLINDSPOT_THREADS = "1";
const lanes = await Promise.all(Array.from({ length: availableParallelism() }, () => Lane.open()));
const tests = [...new Set(chosen.flatMap((mutant) => mutant.tests))];
await Promise.all(
  lanes.map(async (lane, i) => {
    const failure = await lane.failure(tests.filter((_, k) => k % lanes.length === i));
    if (failure !== undefined) throw new Error(`fails without any mutant: ${failure}`);
  }),
);
const queue = [...chosen];
const survivors: Mutant[] = [];
await Promise.all(
  lanes.map(async (lane) => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      const failure = await lane.failure(mutant.tests, mutant);
      if (failure === undefined) survivors.push(mutant);
      const verdict = failure === undefined ? "SURVIVED" : `found by ${failure}`;
      console.log(`${mutant.file}: ${mutant.title}: ${verdict}`);
    }
    await lane.close();
  }),
);
console.log(`${chosen.length - survivors.length} of ${chosen.length} mutants are found`);
for (const { file, title } of survivors) console.log(`survived: ${file}: ${title}`);
process.exitCode = survivors.length > 0 ? 1 : 0;
