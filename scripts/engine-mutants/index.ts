import { convolutions } from "./convolutions.js";
import { graph } from "./graph.js";
import { memory } from "./memory.js";
import { modelFile } from "./model-file.js";
import type { Mutant } from "./mutant.js";
import { passes } from "./passes.js";
import { rules } from "./rules.js";

export const MUTANTS: readonly Mutant[] = [
  ...rules,
  ...convolutions,
  ...passes,
  ...memory,
  ...graph,
  ...modelFile,
];
