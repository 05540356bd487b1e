import { catalogue } from "../experiments/catalogue.js";

/** The list of experiments for the end of a help page. */
export const experimentsHelp = (): string =>
  `\nExperiments:\n${catalogue.map(({ name, title }) => `  ${name.padEnd(20)}${title}`).join("\n")}`;
