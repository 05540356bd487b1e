import Type, { type Static } from "typebox";

/**
 * The audit report, `blindspot.audit/2`: the source of truth for its TypeScript types, for the
 * published JSON Schema (`npm run schema`) and for checking reports that `blindspot compare` reads.
 * Symbols are those of the theory: y is the output of the standardization phase, G = ∂L/∂y, n the
 * number of elements in a group, E = ‖G‖².
 */

const Name = Type.String({ minLength: 1 });
const Share = Type.Number({ minimum: -1e-3, maximum: 1.001 });
const NonNegative = Type.Number({ minimum: 0 });
const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$" });

const Spread = Type.Object(
  { mean: Type.Number(), sd: NonNegative },
  { description: "Mean and standard deviation; the deviation of a single number is 0." },
);

const Cosine = Type.Number({ minimum: -1.0001, maximum: 1.0001 });

const Agreement = Type.Object(
  {
    value: Type.Number({
      minimum: -1.0001,
      maximum: 1.0001,
      description:
        "cos(ĝ, g*): ĝ is the mean gradient of your batches, g* that of the reference. 1 where batches change nothing.",
    }),
    gain: Type.Number({ minimum: 0, description: "‖ĝ‖/‖g*‖." }),
    shuffled: Type.Object(
      { mean: Cosine, sd: NonNegative },
      { description: "Agreement of random cuts of the same samples into batches of the same sizes." },
    ),
    sizeEffect: Type.Union([Type.Number(), Type.Null()], {
      description:
        "1 − shuffled.mean: the effect of the batch size alone; null where random cuts are the reference.",
    }),
    compositionEffect: Type.Number({
      description: "shuffled.mean − value: the effect of which samples share a batch.",
    }),
  },
  { description: "How the gradients of batches agree with the gradient of the same samples taken together." },
);

/** Answers of an audit of batches: see docs/calibration.md. */
export const BatchVerdict = Type.Union([
  Type.Literal("harmful"),
  Type.Literal("doubtful"),
  Type.Literal("harmless"),
  Type.Literal("unknown"),
]);

export const Verdict = Type.Union([
  Type.Literal("clear"),
  Type.Literal("dim"),
  Type.Literal("blind"),
  Type.Literal("unmeasured"),
]);

/** What one normalization group stands for. `channels` lists one entry for each. */
export const GroupedBy = Type.Union([Type.Literal("channel"), Type.Literal("sample"), Type.Literal("group")]);

const Energy = Type.Object(
  {
    total: NonNegative,
    first: NonNegative,
    diag: NonNegative,
    passed: Type.Number(),
  },
  {
    description: "Squared norms of G and of its parts along 1 (first), along y (diag) and the rest (passed).",
  },
);

const Shares = Type.Object(
  {
    blocked: Share,
    first: Share,
    diag: Share,
    chance: Type.Number({
      minimum: 0,
      description: "Share of pure noise that would be blocked: blocked directions / elements.",
    }),
  },
  {
    description:
      "Energies relative to the total, summed over groups before dividing. 0 where the total is 0.",
  },
);

const Leak = Type.Object(
  { mean: NonNegative, max: NonNegative },
  { description: "ρ = ε/(v+ε) over the groups: the fraction of the diagonal part that ε lets through." },
);

const Weights = Type.Object(
  {
    name: Name,
    open: Type.Number({
      minimum: 0,
      description: "‖ΔW_open‖: gradient of the weights below if the statistics were constants.",
    }),
    first: Type.Union([NonNegative, Type.Null()], {
      description:
        "‖ΔW_first‖; null for a recorded trace, which holds only the open and the actual gradient.",
    }),
    diag: Type.Union([NonNegative, Type.Null()], { description: "‖ΔW_diag‖; null for a recorded trace." }),
    removed: NonNegative,
    kept: NonNegative,
    cosine: Type.Number({ minimum: -1.0001, maximum: 1.0001 }),
    chance: Type.Union([NonNegative, Type.Null()], {
      description:
        "What `removed` would be if G were pure noise; a `removed` below it says nothing. null for a recorded trace, which lacks the inputs of the weights, and where it is not finite.",
    }),
    chanceSd: Type.Union([NonNegative, Type.Null()], {
      description: "Standard error of `chance` where random signs estimate it; null where it is exact.",
    }),
    overChance: Type.Union([NonNegative, Type.Null()], {
      description:
        "√((removed² − chance²)/(1 − chance²)): 0 where `removed` is at most `chance`. The verdict judges by this number; null where `chance` is.",
    }),
  },
  {
    description:
      "The part of their gradient that the weights below lose. All numbers but `open` are relative to the whole gradient, whose length is `open`.",
  },
);

const Affine = Type.Object(
  { gradGamma: NonNegative, gradBeta: NonNegative },
  { description: "‖∂L/∂γ‖ and ‖∂L/∂β‖, which receive the blocked signal." },
);

const TermNorms = {
  gradient: Type.Number({ minimum: 0, description: "‖∂term/∂z‖." }),
  open: Type.Number({
    minimum: 0,
    description: "‖γ·∂term/∂z/σ‖: the part that would arrive below if the statistics were constants.",
  }),
  passed: Type.Number({ minimum: 0, description: "‖∂term/∂x‖: the part that arrives below." }),
};

const Term = Type.Object(TermNorms);

const EstimatedTerm = Type.Object({
  ...TermNorms,
  error: Type.Optional(
    Type.Object(
      { gradient: NonNegative, open: NonNegative },
      {
        description:
          "Standard error where diag(H) is an estimate: root mean square distance of the term from its estimate. That of `passed` is no larger than that of `open`, and for diagShared as much smaller as `passed` is.",
      },
    ),
  ),
});

const Taylor = Type.Object(
  {
    features: Type.Integer({ minimum: 1, description: "D: features of one sample at this layer." }),
    diagonal: Type.Union(
      [
        Type.Object({ method: Type.Literal("exact"), products: Type.Integer({ minimum: 1 }) }),
        Type.Object({
          method: Type.Literal("hutchinson"),
          products: Type.Integer({ minimum: 2 }),
          seed: Type.Integer({ minimum: 0 }),
        }),
      ],
      {
        description:
          "How diag(H) was found, and the number of products with H (of random probes for hutchinson).",
      },
    ),
    frozen: Type.Array(Name, {
      description: "Batch normalizations above, whose statistics are held at their values on the batch.",
    }),
    terms: Type.Object({
      first: Term,
      firstShared: Term,
      diag: EstimatedTerm,
      diagShared: EstimatedTerm,
      off: EstimatedTerm,
      higher: Term,
      whole: Term,
    }),
  },
  {
    description:
      "Taylor terms of the loss around ẑ, the z of y = 0: g (first), diag(H)(z−ẑ) (diag), the rest of H(z−ẑ) (off), everything above second order (higher), and their sum, the gradient at z with the statistics above held (whole). Shared parts use the mean of g or diag(H) over the elements of a channel (for norms other than batch normalization: over the samples).",
  },
);

export const Layer = Type.Object({
  name: Name,
  op: Name,
  mode: Type.Union(
    [Type.Literal("training"), Type.Literal("evaluation"), Type.Literal("frozen"), Type.Literal("recorded")],
    {
      description:
        "The mode that the file gives the layer. It is measured with the statistics of the batch; a frozen layer uses its stored statistics and blocks nothing.",
    },
  ),
  groupedBy: GroupedBy,
  channels: Type.Object(
    {
      energy: Type.Array(NonNegative),
      first: Type.Array(NonNegative),
      diag: Type.Array(NonNegative),
    },
    { description: "Energies per channel (per sample for layer norm, per group for group norm)." },
  ),
  channelCount: Type.Integer({ minimum: 1 }),
  elements: Type.Integer({ minimum: 1, description: "n: elements that share one mean and variance." }),
  epsilon: Type.Union([NonNegative, Type.Null()]),
  energy: Energy,
  shares: Shares,
  leak: Type.Union([Leak, Type.Null()]),
  weights: Type.Union([Weights, Type.Null()]),
  affine: Type.Union([Affine, Type.Null()]),
  identityResidual: Type.Union([NonNegative, Type.Null()], {
    description:
      "‖∂L/∂x by automatic differentiation − ∂L/∂x by the closed form‖ / ‖G/σ‖; null for a recorded trace.",
  }),
  agreement: Type.Union([Agreement, Type.Null()], {
    description:
      "Agreement of the weights named in weights.name; null for one batch, or where no weights lie below.",
  }),
  batches: Type.Union(
    [Type.Object({ blocked: Spread, removed: Type.Union([Spread, Type.Null()]) }), Type.Null()],
    { description: "shares.blocked and weights.removed over your batches; null for one batch." },
  ),
  status: Type.Union([Type.Literal("measured"), Type.Literal("frozen"), Type.Literal("unmeasured")], {
    description:
      "frozen: run with its stored statistics, which block nothing. unmeasured: no gradient arrives, or nothing finite; energies and shares are then 0.",
  }),
  verdict: Verdict,
  why: Type.Array(Type.String()),
  taylor: Type.Optional(Taylor),
});

const Batches = Type.Object(
  {
    how: Type.String({
      description: 'The rule of --batches, or "files" where each file is one batch.',
    }),
    count: Type.Integer({ minimum: 1 }),
    sizes: Type.Object(
      { min: Type.Integer({ minimum: 1 }), max: Type.Integer({ minimum: 1 }) },
      { description: "Samples of the smallest and of the largest batch." },
    ),
    cuts: Type.Integer({ minimum: 1, description: "Number of random cuts." }),
    seed: Type.Integer({ minimum: 0 }),
    reference: Type.Union([Type.Literal("whole"), Type.Literal("cuts")], {
      description:
        "What g* is: the gradient of all samples as one batch, or the mean gradient of the random cuts.",
    }),
    meanLoss: Type.Union([Type.Number(), Type.Null()]),
    wholeLoss: Type.Union([Type.Number(), Type.Null()], {
      description: "The loss of all samples as one batch; null where it was not run.",
    }),
    network: Type.Union([Agreement, Type.Null()], {
      description:
        "Agreement of all weights of linear ops and embeddings together; null where their gradient is 0.",
    }),
  },
  {
    description:
      "Your batches beside random cuts of the same samples. The layers' shares, weights and channels are those of the reference: all samples as one batch, else the first batch of the first cut.",
  },
);

export const AuditReport = Type.Object(
  {
    schema: Type.Literal("blindspot.audit/2"),
    tool: Type.Object({ name: Type.Literal("blindspot"), version: Name }),
    source: Type.Object({
      kind: Type.Union([Type.Literal("onnx"), Type.Literal("safetensors"), Type.Literal("npz")]),
      file: Name,
      sha256: Sha256,
      model: Type.Optional(
        Type.String({ description: "The model that the trace was recorded from, as the trace says." }),
      ),
      batch: Type.Optional(
        Type.String({ description: "The batch that the trace was recorded on, as the trace says." }),
      ),
    }),
    batch: Type.Union([
      Type.Object({
        file: Name,
        sha256: Sha256,
        size: Type.Integer({ minimum: 1 }),
        labelCounts: Type.Optional(Type.Record(Type.String(), Type.Integer({ minimum: 0 }))),
      }),
      Type.Null(),
    ]),
    loss: Type.Object({
      kind: Type.String(),
      reduction: Type.Union([Type.Literal("mean"), Type.Literal("none"), Type.Null()]),
      value: Type.Union([Type.Number(), Type.Null()]),
      description: Type.Optional(
        Type.String({
          description: "The loss in words, and the reason for it if the user did not choose it.",
        }),
      ),
    }),
    precision: Type.Union([Type.Literal("float32"), Type.Literal("float64")]),
    device: Type.Union([Type.String(), Type.Null()]),
    elapsedMs: NonNegative,
    thresholds: Type.Object({
      blind: Type.Object({ removed: NonNegative, blocked: NonNegative, timesChance: NonNegative }),
      dim: Type.Object({ removed: NonNegative, blocked: NonNegative, timesChance: NonNegative }),
    }),
    batches: Type.Union([Batches, Type.Null()], {
      description: "The audit of batches; null for an audit of one batch and for a recorded trace.",
    }),
    layers: Type.Array(Layer),
    warnings: Type.Array(Type.String()),
    summary: Type.Object({
      layers: Type.Integer({ minimum: 0 }),
      blind: Type.Array(Name),
      dim: Type.Array(Name),
      unmeasured: Type.Array(Name),
      worst: Type.Union([Type.Object({ name: Name, removed: NonNegative }), Type.Null()]),
      verdict: BatchVerdict,
      normToBlame: BatchVerdict,
      why: Type.Array(Type.String(), {
        description: "The evidence for verdict and normToBlame, then the advice, one sentence each.",
      }),
    }),
  },
  {
    $id: "https://blindspot.dev/schema/audit-2.json",
    title: "blindspot audit report",
    description:
      "What normalization layers hide from the loss, layer by layer. For batch normalization the blocked directions of a channel are 1 and y.",
  },
);

/**
 * The result of an audit: source, batch, loss, measurements and verdicts of each layer, warnings.
 */
export type AuditReport = Static<typeof AuditReport>;
/** The measurements of one normalization layer, with the verdict and the reasons for it. */
export type LayerReport = Static<typeof Layer>;
/**
 * How much a layer hides beyond chance: `blind` is most of the gradient, `dim` a large part,
 * `clear` little. `unmeasured` where no gradient or nothing finite was measured.
 */
export type Verdict = Static<typeof Verdict>;
/** Whether batches cost something, and whether the norm is to blame: see docs/calibration.md. */
export type BatchVerdict = Static<typeof BatchVerdict>;
/** The part of a report about several batches. */
export type BatchesReport = Static<typeof Batches>;
/** How the gradients of batches agree with that of their samples taken together. */
export type AgreementReport = Static<typeof Agreement>;
export type GroupedBy = Static<typeof GroupedBy>;
export type WeightsReport = Static<typeof Weights>;
export type TaylorReport = Static<typeof Taylor>;
/**
 * The values of `weights.overChance`, `blocked` and `blocked`/`chance` from which a layer is blind
 * or dim.
 */
export type Thresholds = AuditReport["thresholds"];
