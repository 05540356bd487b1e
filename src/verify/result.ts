import Type, { type Static } from "typebox";

/**
 * The result of `blindspot verify`, schema `blindspot.verify/1`. Types, JSON and the terminal table
 * follow from it.
 */

const CheckResult = Type.Object({
  id: Type.String({ minLength: 1 }),
  statement: Type.String({ minLength: 1, description: "The statement that is checked, in words." }),
  source: Type.String({
    description: "Where the statement comes from: paper, or section of docs/theory.md.",
  }),
  trials: Type.Integer({ minimum: 0, description: "Random cases tried." }),
  relation: Type.Union([Type.Literal("at most"), Type.Literal("at least"), Type.Literal("equal to")], {
    description: "Relation between `worst` and `bound` that must hold.",
  }),
  worst: Type.Union([Type.Number(), Type.Null()], {
    description:
      "The value that came closest to its bound, or exceeded it most. Null where it is not a finite number.",
  }),
  bound: Type.Number({ description: "The bound of the case of `worst`." }),
  pass: Type.Boolean(),
  detail: Type.String({
    description: "The case that gave `worst`. For exact checks: shapes, degree and range.",
  }),
});

/** Schema of a report of `verify` or `verifyExact`; also its type. */
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
        "In exact arithmetic: log2 of a bound on the probability that any check passed by chance. Else null.",
    }),
    pass: Type.Boolean(),
  },
  { title: "blindspot theorem checks" },
);

/** The outcome of one check. */
export type CheckResult = Static<typeof CheckResult>;
export type VerifyReport = Static<typeof VerifyReport>;
