import Type, { type Static } from "typebox";

/** The result of `blindspot verify`, `blindspot.verify/1`: source of truth for types, JSON and the terminal table. */

const CheckResult = Type.Object({
  id: Type.String({ minLength: 1 }),
  statement: Type.String({ minLength: 1, description: "What is checked, in words." }),
  source: Type.String({
    description: "Where the statement comes from: paper, or section of docs/theory.md.",
  }),
  trials: Type.Integer({ minimum: 0, description: "Random cases tried." }),
  relation: Type.Union([Type.Literal("at most"), Type.Literal("at least"), Type.Literal("equal to")], {
    description: "How `worst` must stand to `bound`.",
  }),
  worst: Type.Union([Type.Number(), Type.Null()], {
    description:
      "The value that came closest to its bound, or went furthest beyond; null: not a finite number.",
  }),
  bound: Type.Number({ description: "The bound in that case." }),
  pass: Type.Boolean(),
  detail: Type.String({
    description: "The case in which `worst` was seen; for exact checks, shapes, degree and range.",
  }),
});

export const VerifyReport = Type.Object(
  {
    schema: Type.Literal("blindspot.verify/1"),
    tool: Type.Object({ name: Type.Literal("blindspot"), version: Type.String({ minLength: 1 }) }),
    arithmetic: Type.Union([Type.Literal("float64"), Type.Literal("exact")]),
    seed: Type.Integer({ minimum: 0 }),
    trials: Type.Integer({ minimum: 1 }),
    elapsedMs: Type.Number({ minimum: 0 }),
    checks: Type.Array(CheckResult),
    falsePassLog2: Type.Union([Type.Number(), Type.Null()], {
      description:
        "Exact arithmetic: log2 of a bound on the probability that any of the checks passed by chance.",
    }),
    pass: Type.Boolean(),
  },
  { title: "blindspot theorem checks" },
);

export type CheckResult = Static<typeof CheckResult>;
export type VerifyReport = Static<typeof VerifyReport>;
