import type { Estimate } from "../result.js";
import { sampleOf } from "../statistics.js";
import type { Summary } from "./summary.js";
import { phases } from "./synthetic.js";
import { terms, termTitles } from "./terms.js";
import { mixtures } from "./trained.js";

/** The shares of the Taylor terms that pass, over the seeds. */
export const estimatesOf = (summaries: readonly Summary[]): Estimate[] => [
  ...phases.flatMap((phase) =>
    terms.map((term) => ({
      group: phase,
      series: termTitles[term],
      quantity: "share that reaches X (mean over random cases)",
      ...sampleOf(summaries.map(({ synthetic }) => synthetic.shares[phase][term].mean)),
    })),
  ),
  ...mixtures.flatMap((mixture) => {
    const share = (series: string, of: (s: Summary["trained"][typeof mixture]) => number) => ({
      group: `${mixture} batch`,
      series,
      quantity: "share that passes a trained network's last norm",
      ...sampleOf(summaries.map(({ trained }) => of(trained[mixture]))),
    });
    return [
      ...terms.map((term) => share(termTitles[term], (s) => s[term])),
      share("first order, shared part", (s) => s.firstShared),
      share("second, diagonal, shared part", (s) => s.diagShared),
      share("whole gradient", (s) => s.whole),
    ];
  }),
];
