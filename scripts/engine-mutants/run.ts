/**
 * Whether the engine's tests notice faults.
 *
 *     npm run mutants                          all mutants
 *     npm run mutants -- winograd sign         those whose file and title contain these words
 *     npm run mutants -- --changed origin/main those of files that changed since this commit
 *     npm run mutants -- --minutes 10          begins no mutant after this time, and names the rest
 *
 * The mutants are in the text files beside this script, one for each file of src/engine
 * (`mutant.ts` has their form). vitest gets one mutant after another in place of the file on disk
 * and runs the tests of its list until one fails. A mutant survives where all tests pass. Exit code
 * 1 where a mutant survives.
 */
import { execFileSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { createVitest, type TestModule, type Vitest } from "vitest/node";
import { MUTANTS } from "./index.js";
import { type Mutant, mutated } from "./mutant.js";

const root = resolve(import.meta.dirname, "../..");
const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { changed: { type: "string" }, minutes: { type: "string" } },
});
const minutes = Number(values.minutes ?? Number.POSITIVE_INFINITY);
if (!(minutes > 0)) throw new Error(`--minutes: expected a number above 0, got ${values.minutes}`);
const end = Date.now() + minutes * 60_000;

const changed = values.changed === undefined ? undefined : changedSince(values.changed);
const chosen = MUTANTS.filter(
  ({ file, title }) =>
    words.every((word) => `${file} ${title}`.includes(word)) && (changed?.has(file) ?? true),
);

/** The files of src/engine that differ from the commit, or whose lists of mutants do. */
function changedSince(commit: string): ReadonlySet<string> {
  const git = (...args: string[]) => execFileSync("git", args, { cwd: root, encoding: "utf8" });
  const base = git("merge-base", commit, "HEAD").trim();
  const paths = [
    ...git("diff", "--name-only", base).split("\n"),
    ...git("ls-files", "--others", "--exclude-standard").split("\n"),
  ];
  return new Set(
    paths.map((path) =>
      path.replace(/^(src\/engine|scripts\/engine-mutants)\//, "").replace(/\.txt$/, ".ts"),
    ),
  );
}

/**
 * Runs tests with one mutant at a time in the sources. vitest stays loaded, because starting it
 * takes longer than most tests.
 */
class Lane {
  private mutant?: Mutant;
  private vitest!: Vitest;

  static async open(): Promise<Lane> {
    const lane = new Lane();
    lane.vitest = await createVitest(
      "test",
      // The setup file keeps fast-check from shrinking counterexamples, which nobody reads.
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

  /**
   * The first of these tests that fails with the mutant, if one is given; undefined where all pass.
   */
  async failure(tests: readonly string[], mutant?: Mutant): Promise<string | undefined> {
    for (const changed of [this.mutant, mutant]) if (changed) this.vitest.invalidateFile(pathOf(changed));
    this.mutant = mutant;
    for (const test of tests) {
      // vitest takes parts of paths, not patterns.
      const found = await this.vitest.globTestSpecifications([`/${test}.test.ts`]);
      const specifications = found.filter(({ moduleId }) => moduleId.includes("/test/engine/"));
      if (specifications.length === 0) throw new Error(`${test}.test.ts: not found under test/engine`);
      // Failures of earlier runs would count towards `bail`.
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
  throw new Error(`the test file does not load: ${module.errors().map(({ message }) => message)}`);
}

/** Runs the tests of all chosen mutants without a mutant, then with each. Returns what happened. */
async function tryAll(): Promise<{ survivors: readonly Mutant[]; untried: readonly Mutant[] }> {
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
      while (Date.now() < end) {
        const mutant = queue.shift();
        if (mutant === undefined) break;
        const failure = await lane.failure(mutant.tests, mutant);
        if (failure === undefined) survivors.push(mutant);
        const verdict = failure === undefined ? "SURVIVED" : `found by ${failure}`;
        console.log(`${nameOf(mutant)}: ${verdict}`);
      }
      await lane.close();
    }),
  );
  return { survivors, untried: queue };
}

const nameOf = ({ file, title }: Mutant): string => `${file}: ${title}`;

// Each lane runs on a core of its own, and so do the programs that its tests compile.
process.env.BLINDSPOT_THREADS = "1";
const { survivors, untried } = chosen.length === 0 ? { survivors: [], untried: [] } : await tryAll();
const tried = chosen.length - untried.length;
if (chosen.length === 0) console.log("no mutant is chosen: no words match, or no file has changed");
console.log(`${tried - survivors.length} of ${tried} tried mutants are found, ${chosen.length} were chosen`);
for (const mutant of survivors) console.log(`survived: ${nameOf(mutant)}`);
if (untried.length > 0) console.log(`${untried.length} not tried within ${minutes} minutes:`);
for (const mutant of untried) console.log(`not tried: ${nameOf(mutant)}`);
process.exitCode = survivors.length > 0 ? 1 : 0;
