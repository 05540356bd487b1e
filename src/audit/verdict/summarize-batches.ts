import type { NormLayer } from "../../onnx/index.js";
import { normKinds } from "../../onnx/norms/kinds.js";
import type { BatchAnswers } from "../report/assemble.js";
import type { AgreementReport, BatchesReport, BatchVerdict, LayerReport } from "../report/result.js";
import { BATCH_LIMITS, type BatchJudgement, judgeBatches } from "./batch-verdict.js";
import type { ClassesOfBatches } from "./classes-of-batches.js";

/** What the answers about batches rest on. */
export interface BatchFindings {
  readonly batches: BatchesReport;
  readonly layers: readonly Pick<LayerReport, "name" | "op" | "agreement" | "weights">[];
  /** The norms of `layers`, in their order. */
  readonly norms: readonly NormLayer[];
  /** null where the samples have no class numbers. */
  readonly classes: ClassesOfBatches | null;
  /** The kind of the loss: `output` where the model computes it itself. */
  readonly loss: string;
}

const CALIBRATION = "docs/calibration.md";

/** From this size effect of shuffled batches on, the batch size gets a sentence of its own. */
const LARGE_SIZE_EFFECT = 0.3;

const COMPARE_BY_TRAINING =
  "Compare with layer or group normalization by training both; the audit does not promise that they do better.";

/** From this share of all classes on, the classes of a batch count as mixed. */
const MIXED_CLASSES = 0.8;

/**
 * Answers whether the batches cost something and whether the norm is to blame. The reasons name the
 * numbers, the limits and the advice, one thought in each sentence.
 */
export function summarizeBatches(findings: BatchFindings): BatchAnswers {
  const { batches, layers, norms } = findings;
  if (batches.count === 1)
    return unknown(
      "There is only one batch, so there is nothing to compare: give samples of several batches.",
    );
  const judgement = judgeBatches({ layers, network: batches.network, cuts: batches.cuts });
  const worst = agreementOfWorst(findings, judgement);
  if (worst === null)
    return unknown(
      "The agreement of the batches could not be measured: the weights get no gradient, or one that is not finite.",
    );
  const couplesSamples = norms.some(({ kind, frozen }) => normKinds[kind].acrossSamples && !frozen);
  if (!couplesSamples) return withoutCoupling(findings, worst);
  return {
    verdict: judgement.verdict,
    normToBlame: judgement.normToBlame,
    why: [
      ...evidence(findings, judgement, worst),
      ...blame(judgement),
      ...advice(findings, judgement, worst),
      ...sizeEffect(findings),
      ...ownLoss(findings),
    ],
  };
}

const unknown = (why: string): BatchAnswers => ({ verdict: "unknown", normToBlame: "unknown", why: [why] });

function agreementOfWorst(
  { batches, layers }: BatchFindings,
  { decidedBy }: BatchJudgement,
): AgreementReport | null {
  const layer = layers.find(({ name }) => name === decidedBy);
  return layer?.agreement ?? batches.network;
}

/** No norm takes statistics over samples, so the agreement says nothing about norms. */
function withoutCoupling(findings: BatchFindings, { value }: AgreementReport): BatchAnswers {
  const { layers } = findings;
  const who =
    layers.length === 0
      ? "The model has no normalization layer"
      : "Every normalization that was audited looks at one sample at a time or is frozen";
  return {
    verdict: "harmless",
    normToBlame: "harmless",
    why: [
      `${who}, so batches cost nothing through statistics: their agreement is 1 by construction (measured: ${cosine(value)}).`,
      ...ownLoss(findings),
      ...(layers.length === 0
        ? []
        : [
            "What these layers hide within a sample stands with each layer; it does not depend on the batches.",
          ]),
    ],
  };
}

const openings: Record<BatchVerdict, string> = {
  harmful: "Your batches cost something",
  doubtful: "Whether your batches cost something is not clear",
  harmless: "Your batches cost nothing that these numbers show",
  unknown: "",
};

function evidence(
  { batches }: BatchFindings,
  { verdict, decidedBy, effect, tooFewSamples }: BatchJudgement,
  worst: AgreementReport,
): string[] {
  const where =
    decidedBy === "network" || decidedBy === null ? "Over the whole network" : `Below ${decidedBy}`;
  const together =
    batches.reference === "whole" ? "of all samples as one batch" : "of random batches on average";
  const size = number(effect ?? 0);
  const meaning: Record<BatchVerdict, string> = {
    harmful: `The composition effect, ${size}, is at least ${BATCH_LIMITS.harmful}: most such batches cost accuracy or error in the calibration (${CALIBRATION}).`,
    doubtful: tooFewSamples
      ? `The composition effect, ${size}, is within its spread over ${batches.cuts} random cuts: these are too few samples. Audit more of them.`
      : decidedBy === "network"
        ? `No weights lie right below a norm, so only the effect on the whole network is known, ${size}. In the calibration it stayed small where batches cost a lot (${CALIBRATION}).`
        : `The composition effect, ${size}, lies between ${BATCH_LIMITS.harmless} and ${BATCH_LIMITS.harmful}, where the calibration saw both outcomes (${CALIBRATION}).`,
    harmless: `The composition effect, ${size}, is below ${BATCH_LIMITS.harmless} or within its spread over random cuts: most such batches cost nothing in the calibration (${CALIBRATION}).`,
    unknown: "",
  };
  return [
    `${openings[verdict]}. ${where}, the mean gradient of your batches has an agreement of ${cosine(worst.value)} with that ${together}; random batches of the same sizes have ${cosine(worst.shuffled.mean)} ± ${cosine(worst.shuffled.sd)}.`,
    meaning[verdict],
  ];
}

/** Whether another norm would lose less, which the lowest agreement of a layer tells. */
function blame({ normToBlame, agreement, leastAgreeing }: BatchJudgement): string[] {
  const lowest = `The lowest agreement, ${cosine(agreement ?? 0)} ${leastAgreeing === "network" ? "of the network" : `below ${leastAgreeing}`}`;
  switch (normToBlame) {
    case "harmful":
      return [
        `${lowest}, is under ${BATCH_LIMITS.blamed}: batch normalization is probably to blame, for in the calibration another norm lost less on most such batches. This answer is less certain than the first one.`,
      ];
    case "doubtful":
      return [
        `${lowest}, lies between ${BATCH_LIMITS.blamed} and ${BATCH_LIMITS.acquitted}: whether another norm would lose less cannot be told from it.`,
      ];
    default:
      return [];
  }
}

function advice(
  { classes, batches }: BatchFindings,
  { verdict, normToBlame, tooFewSamples }: BatchJudgement,
  { shuffled }: AgreementReport,
): string[] {
  if (verdict === "harmless")
    return normToBlame === "harmless" ? ["Leave the normalization as it is."] : [COMPARE_BY_TRAINING];
  if (verdict !== "harmful" || tooFewSamples) return [];
  const shuffle = `shuffle the samples: random batches of the same sizes have an agreement of ${cosine(shuffled.mean)}`;
  const otherwise = `Where the samples must stay apart, shuffling is no way out. ${COMPARE_BY_TRAINING} Detaching the statistics is no cure: it makes training unstable.`;
  if (classes !== null && classes.most === 1)
    return [`Each batch holds one class. Mix the classes, or ${shuffle}.`, otherwise];
  if (classes !== null && classes.mean < MIXED_CLASSES * Math.min(classes.all, batches.sizes.min))
    return [
      `A batch holds ${number(classes.mean)} of ${classes.all} classes on average. Mix the classes, or ${shuffle}.`,
      otherwise,
    ];
  const mixed = classes === null ? "" : "The classes are mixed within the batches already. ";
  return [
    `${mixed}The batches differ in something else, such as their domain, source or brightness. Mix that within each batch, or ${shuffle}.`,
    otherwise,
  ];
}

/** A sentence about batches that are too small, whatever their composition. */
function sizeEffect({ batches, layers }: BatchFindings): string[] {
  const effects = layers
    .flatMap(({ name, agreement }) => (agreement === null ? [] : [{ name, agreement }]))
    .sort((a, b) => (b.agreement.sizeEffect ?? 0) - (a.agreement.sizeEffect ?? 0));
  const [largest] = effects;
  const effect = largest?.agreement.sizeEffect ?? 0;
  if (effect < LARGE_SIZE_EFFECT) return [];
  const { min, max } = batches.sizes;
  const size = min === max ? `${max}` : `${min} to ${max}`;
  return [
    `Batches of ${size} samples differ from one large batch even when shuffled: below ${largest.name}, random batches have an agreement of ${cosine(largest.agreement.shuffled.mean)} (size effect ${number(effect)}). Larger batches reduce this effect; a norm that looks at one sample at a time has none.`,
  ];
}

/**
 * A loss that couples samples, such as a contrastive loss, lowers the agreement without any norm.
 */
const ownLoss = ({ loss }: BatchFindings): string[] =>
  loss === "output"
    ? [
        "The model computes its loss itself, so each batch counts by its samples. If the loss compares samples of a batch with each other, as contrastive losses do, a part of the effect is the loss's own; compare with the same model with frozen norms (--frozen '*').",
      ]
    : [];

/** Two decimals, and never `-0.00`. */
const cosine = (value: number): string => value.toFixed(2).replace(/^-(0\.00)$/, "$1");

/**
 * Two decimals, or two significant digits below 0.1, so that an effect can be told from its limit.
 */
function number(value: number): string {
  const size = Math.abs(value);
  return size >= 0.001 && size < 0.0995 ? String(Number(value.toPrecision(2))) : cosine(value);
}
