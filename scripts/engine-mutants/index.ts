import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { type Mutant, parseMutants } from "./mutant.js";

const FOLDER = import.meta.dirname;

/** All lists beside this file: the mutants of src/engine/graph/view.ts are in graph/view.txt. */
const lists = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".txt"))
  .map((name) => name.replaceAll(sep, "/"))
  .sort();

export const MUTANTS: readonly Mutant[] = lists.flatMap((list) =>
  parseMutants(list.replace(/\.txt$/, ".ts"), readFileSync(join(FOLDER, list), "utf8")),
);
