import type { BatchAnswers } from "../report/assemble.js";

/** What an audit of one batch of a model can say about batches: nothing. */
export const ONE_BATCH: BatchAnswers = {
  verdict: "unknown",
  normToBlame: "unknown",
  why: [
    "One batch shows what is hidden, not whether it matters: audit several batches, for example with --batches size:64 on a file with the samples of many batches.",
  ],
};

/** What an audit of a recorded trace can say about batches: nothing. */
export const ONE_TRACE: BatchAnswers = {
  verdict: "unknown",
  normToBlame: "unknown",
  why: [
    "A trace of one batch shows what is hidden, not whether it matters: a trace cannot tell how batches agree. Export the model to ONNX and audit it with --batches.",
  ],
};
