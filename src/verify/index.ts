export type { Element, RootAlgebra } from "./exact/algebra.js";
export type { Rational } from "./exact/rational.js";
export type { ExactStandardization } from "./exact/standardization.js";
export { type VerifyExactOptions, verifyExact } from "./exact/verify-exact.js";
export { type LossMaker, losses } from "./losses.js";
export { type CheckResult, VerifyReport } from "./result.js";
export type { Subject } from "./subject.js";
export { type VerifyOptions, verify } from "./verify.js";
