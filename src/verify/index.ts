export { type CheckResult, VerifyReport } from "./result.js";
export { ownCode, type Subject } from "./subject.js";
export { type VerifyOptions, verify, verify as verifyExact } from "./verify.js";
