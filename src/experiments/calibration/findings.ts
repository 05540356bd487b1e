import { atLeast, atMost } from "../claims.js";
import type { ClaimResult, Estimate } from "../result.js";
import { decideBy, sampleOf } from "../statistics.js";
import { USUAL } from "./compositions.js";
import { type Moment, moments, type Outcome, predictorAt, predictorNames, type Setting } from "./evidence.js";
import { areaUnderCurve, bootstrapped, type Ranked, rankCorrelation } from "./ranking.js";

/** The two questions: do the batches cost something, and is the norm to blame? */
const questions = ["batches", "norm"] as const;
export type Question = (typeof questions)[number];

/** Which settings are looked at: those that the rule was fixed on, the others, or both. */
const parts = ["rulemaking", "held out", "all"] as const;
export type Part = (typeof parts)[number];

/** How well a predictor foretells an outcome. */
export interface RankedPredictor {
  readonly question: Question;
  readonly part: Part;
  readonly moment: Moment;
  readonly predictor: string;
  readonly settings: number;
  /** Clear cases. */
  readonly costly: number;
  readonly harmless: number;
  readonly rankCorrelation: Ranked | null;
  readonly areaUnderCurve: Ranked | null;
}

/** The settings that count as evidence. A reference costs nothing against itself. */
export function evidenceFor(question: Question, part: Part, settings: readonly Setting[]): Setting[] {
  return settings.filter(
    ({ reference, size, rulemaking }) =>
      (part === "all" || rulemaking === (part === "rulemaking")) &&
      (!reference || (question === "norm" && size !== USUAL)),
  );
}

const outcomeOf = (question: Question, setting: Setting): Outcome => setting[question];
const costOf = (question: Question, setting: Setting): number =>
  sampleOf(question === "batches" ? setting.batchCosts : setting.normCosts).mean;

/** Every predictor of every question, for every part and moment. */
export const rankedPredictors = (settings: readonly Setting[]): RankedPredictor[] =>
  questions.flatMap((question) =>
    parts.flatMap((part) => {
      const evidence = evidenceFor(question, part, settings);
      const outcomes = evidence.map((setting) => outcomeOf(question, setting));
      const count = (outcome: Outcome) => outcomes.filter((o) => o === outcome).length;
      return moments.flatMap((moment) =>
        predictorNames.map((predictor): RankedPredictor => {
          const points = evidence.map((setting) => ({
            foretold: predictorAt(setting, moment, predictor),
            cost: costOf(question, setting),
          }));
          const cases = evidence.flatMap((setting, i) => {
            const outcome = outcomeOf(question, setting);
            return outcome === "unclear"
              ? []
              : { foretold: points[i].foretold, costly: outcome === "costly" };
          });
          return {
            ...{ question, part, moment, predictor, settings: evidence.length },
            ...{ costly: count("costly"), harmless: count("harmless") },
            rankCorrelation: bootstrapped(points, rankCorrelation),
            areaUnderCurve: bootstrapped(cases, areaUnderCurve),
          };
        }),
      );
    }),
  );

/** The answers of the rule to the clear cases of a question, over all audits (settings × seeds). */
export interface Answers {
  readonly question: Question;
  readonly part: Part;
  readonly moment: Moment;
  /** Audits of harmless settings, and those among them that the rule calls harmful. */
  readonly harmless: number;
  readonly falseAlarms: number;
  /** Audits of costly settings, and those among them that the rule calls harmless. */
  readonly costly: number;
  readonly misses: number;
  /** Audits of clear cases that the rule leaves open. */
  readonly open: number;
  /** Audits of shuffled batches, which are no evidence, and the verdicts other than harmless. */
  readonly shuffled: number;
  readonly shuffledDoubtful: number;
  readonly shuffledHarmful: number;
}

/** What the rule says: yes, no, or neither. */
function answerOf(
  question: Question,
  { verdict, normToBlame }: Setting["judgements"]["start"][number],
): "yes" | "no" | "open" {
  if (question === "batches") return verdict === "harmful" ? "yes" : verdict === "harmless" ? "no" : "open";
  return normToBlame === "harmful" ? "yes" : normToBlame === "harmless" ? "no" : "open";
}

/** The answers of the rule, of all seeds or of one. */
export function answersOf(
  settings: readonly Setting[],
  { question, part, moment }: Pick<Answers, "question" | "part" | "moment">,
  seed?: number,
): Answers {
  const audits = evidenceFor(question, part, settings).flatMap((setting) =>
    setting.judgements[moment]
      .filter((_, i) => seed === undefined || i === seed)
      .map((judgement) => ({
        outcome: outcomeOf(question, setting),
        answer: answerOf(question, judgement),
      })),
  );
  const count = (outcome: Outcome, answer?: string) =>
    audits.filter((a) => a.outcome === outcome && (answer === undefined || a.answer === answer)).length;
  const shuffled = settings
    .filter((s) => s.reference && (part === "all" || s.rulemaking === (part === "rulemaking")))
    .flatMap(({ judgements }) => judgements[moment].filter((_, i) => seed === undefined || i === seed))
    .map(({ verdict }) => verdict);
  return {
    shuffled: shuffled.length,
    shuffledDoubtful: shuffled.filter((verdict) => verdict === "doubtful").length,
    shuffledHarmful: shuffled.filter((verdict) => verdict === "harmful").length,
    ...{ question, part, moment, harmless: count("harmless"), falseAlarms: count("harmless", "yes") },
    ...{ costly: count("costly"), misses: count("costly", "no") },
    open: count("harmless", "open") + count("costly", "open"),
  };
}

/** The rule's answers to every question, for every part and moment. */
export const allAnswers = (settings: readonly Setting[]): Answers[] =>
  questions.flatMap((question) =>
    parts.flatMap((part) => moments.map((moment) => answersOf(settings, { question, part, moment }))),
  );

/** The claims about held-out families that their clear cases decide. */
export function claimsOf(settings: readonly Setting[]): ClaimResult[] {
  const ranked = rankedPredictors(settings);
  return moments.flatMap((moment) => {
    const when = moment === "start" ? "before training" : "after a tenth of it";
    const id = (name: string) => `${name}-${moment}`;
    const auc = ranked.find(
      (r) =>
        r.question === "batches" &&
        r.part === "held out" &&
        r.moment === moment &&
        r.predictor === "composition effect, worst layer",
    );
    const rates = (question: Question, of: (answers: Answers) => number): ClaimResult["values"] =>
      (settings[0]?.batchCosts ?? []).map((_, seed) =>
        of(answersOf(settings, { question, part: "held out", moment }, seed)),
      );
    const rate = (
      name: string,
      statement: string,
      bound: ReturnType<typeof atMost> | ReturnType<typeof atLeast>,
      [question, measure, of]: [Question, string, (answers: Answers) => number],
    ): ClaimResult[] => {
      const values = rates(question, of);
      const bootstrap = bootstrapped(evidenceFor(question, "held out", settings), (sample) => {
        const value = of(answersOf(sample, { question, part: "held out", moment }));
        return Number.isFinite(value) ? value : null;
      });
      if (bootstrap === null || !values.every(Number.isFinite)) return [];
      return [decideBy({ id: id(name), statement, measure, ...bound }, values, bootstrap.interval)];
    };
    return [
      ...(auc?.areaUnderCurve && auc.rankCorrelation
        ? [
            decideBy(
              {
                id: id("effect-tells-costly-batches"),
                statement: `The composition effect of the worst layer, ${when}, tells costly batches from harmless ones.`,
                measure: "area under the ROC curve, held-out families",
                ...atLeast(0.95),
              },
              [auc.areaUnderCurve.value],
              auc.areaUnderCurve.interval,
            ),
            decideBy(
              {
                id: id("effect-ranks-costs"),
                statement: `The composition effect of the worst layer, ${when}, ranks what batches cost.`,
                measure: "Spearman's rank correlation, held-out families",
                ...atLeast(0.7),
              },
              [auc.rankCorrelation.value],
              auc.rankCorrelation.interval,
            ),
          ]
        : []),
      ...rate(
        "few-false-alarms",
        `The verdict, ${when}, seldom calls harmless batches harmful.`,
        atMost(1 / 18),
        [
          "batches",
          "harmful among harmless, held-out families",
          ({ falseAlarms, harmless }) => falseAlarms / harmless,
        ],
      ),
      ...rate("few-misses", `The verdict, ${when}, seldom calls costly batches harmless.`, atMost(2 / 23), [
        "batches",
        "harmless among costly, held-out families",
        ({ misses, costly }) => misses / costly,
      ]),
      ...rate("few-doubts", `The verdict, ${when}, leaves few clear cases open.`, atMost(1 / 4), [
        "batches",
        "doubtful among clear cases, held-out families",
        ({ open, harmless, costly }) => open / (harmless + costly),
      ]),
      ...rate(
        "blame-seldom-wrong",
        `Whether the norm is to blame, ${when}, is seldom answered wrong.`,
        atMost(1 / 6),
        [
          "norm",
          "wrong among clear cases, held-out families",
          ({ falseAlarms, misses, harmless, costly }) => (falseAlarms + misses) / (harmless + costly),
        ],
      ),
      ...rate(
        "blame-says-something",
        `Whether the norm is to blame, ${when}, is often answered.`,
        atLeast(1 / 2),
        [
          "norm",
          "answered among clear cases, held-out families",
          ({ open, harmless, costly }) => 1 - open / (harmless + costly),
        ],
      ),
    ];
  });
}

/** What each setting cost, and what was measured. */
export const estimatesOf = (settings: readonly Setting[]): Estimate[] =>
  settings.flatMap(({ family, composition, batchCosts, normCosts, predictors }) => {
    const names = { group: family, series: composition };
    return [
      { ...names, quantity: "cost of the batches, in bounds of harm", ...sampleOf(batchCosts) },
      { ...names, quantity: "cost of the norm, in bounds of harm", ...sampleOf(normCosts) },
      ...moments.map((moment) => ({
        ...{ ...names, quantity: `composition effect, worst layer, ${moment}` },
        ...sampleOf(predictors[moment].map((p) => p["composition effect, worst layer"])),
      })),
    ];
  });
