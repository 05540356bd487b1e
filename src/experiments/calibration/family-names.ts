/** The families of tasks. The rule of the verdicts was fixed on those that `rulemaking` lists. */
export const familyNames = [
  "mlp-mnist",
  "conv-fashion",
  "coder-mnist",
  "mlp-fashion",
  "conv-cifar",
  "coder-fashion",
  "regression-mnist",
  "discriminator",
  "flow-mnist",
] as const;
export type FamilyName = (typeof familyNames)[number];

/** The families that the rule was fixed on. The others are held out. */
export const rulemaking: readonly FamilyName[] = ["mlp-mnist", "conv-fashion", "coder-mnist"];
