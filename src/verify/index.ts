export { type ExactStandardization, exactStandardization } from "./exact/standardization.js";
export { type VerifyExactOptions, verifyExact } from "./exact/verify-exact.js";
export { type LossMaker, losses } from "./losses.js";
export { type CheckResult, VerifyReport } from "./result.js";
export { ownCode, type Subject } from "./subject.js";
export { type VerifyOptions, verify } from "./verify.js";
