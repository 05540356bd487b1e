import type {
  ClaimResult,
  ExperimentResult,
  Outcome,
  SuiteMember,
  SuiteResult,
} from "../../experiments/result.js";
import { duration, plural, significant } from "../format.js";
import { Html, html } from "../html/markup.js";
import { figures } from "./figures.js";
import { meanOf, relations, signs } from "./outcomes.js";
import { tally } from "./suite-table.js";
import { conditionName } from "./svg.js";

/** The whole results of the experiments that have one, by name. */
export type WholeResults = ReadonlyMap<string, ExperimentResult>;

/**
 * Writes all experiments as one HTML file that loads nothing: for each experiment its claims,
 * numbers and figures.
 */
export function suitePage(suite: SuiteResult, results: WholeResults): string {
  const { tool, scale, seeds, experiments } = suite;
  const claims = experiments.flatMap((e) => e.claims);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="generator" content="blindspot ${tool.version}">
<meta name="color-scheme" content="light dark">
<title>What normalization hides: the experiments</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>What normalization hides: the experiments</h1>
<p class="lead">${plural(claims.length, "claim")} at scale ${scale}, seeds ${seeds.join(", ")}${claims.length > 0 && `: ${tally(claims)}`}.</p>
<p>The bound of each claim was fixed before the experiment ran. A claim is confirmed if the whole 95 % confidence interval
over the seeds (Student’s t) meets the bound. It is not confirmed if no part of the interval does. Otherwise, or with a single
seed, it is undecided.</p>
<nav aria-label="Experiments"><ul>${experiments.map(({ name, title }) => html`<li><a href="#${name}">${name}</a>: ${title}</li>`)}</ul></nav>
</header>
<main>${experiments.map((experiment) => section(experiment, results.get(experiment.name)))}</main>
<footer><p>Written by blindspot ${tool.version}. The same data as JSON: <code>summary.json</code>, and <code>result.json</code>
of each experiment.</p></footer>
</body>
</html>
`.text;
}

function section(member: SuiteMember, result: ExperimentResult | undefined): Html {
  const { name, title, elapsedMs, failure, claims, measurements, settings } = member;
  const set = Object.entries(settings).map(
    ([key, value]) => `${key} ${Array.isArray(value) ? value.join("×") : value}`,
  );
  return html`<section id="${name}" aria-labelledby="${name}-title">
<h2 id="${name}-title">${name}</h2>
<p>${title}.</p>
<p class="quiet">${[...set, duration(elapsedMs)].join(" · ")}</p>
${failure && html`<p class="failed">Failed with exit code ${failure.exitCode}: ${failure.message}</p>`}
${claims.length > 0 && claimsTable(claims)}
${
  measurements.length > 0 &&
  html`<details><summary>${plural(measurements.length, "number")}</summary><div class="scroll"><table>
<thead><tr><th scope="col">condition</th><th scope="col">quantity</th><th scope="col" class="number">mean ± deviation</th></tr></thead>
<tbody>${measurements.map((m) => html`<tr><th scope="row">${conditionName(m)}</th><td>${m.quantity}</td><td class="number">${meanOf(m)}</td></tr>`)}</tbody>
</table></div></details>`
}
${result && html`<div class="figures">${[...figures(result).values()].map(image)}</div>`}
</section>`;
}

const claimsTable = (claims: readonly ClaimResult[]): Html => html`<div class="scroll"><table>
<thead><tr><th scope="col">claim</th><th scope="col" class="number">result</th><th scope="col" class="number">95 %</th><th scope="col" class="number">claimed</th><th scope="col">outcome</th></tr></thead>
<tbody>${claims.map(
  (claim) => html`<tr><th scope="row">${claim.statement}<small>${claim.measure}</small></th>
<td class="number">${meanOf(claim)}</td>
<td class="number">${claim.interval?.map((v) => significant(v, 3)).join(" … ") ?? "one seed"}</td>
<td class="number">${relations[claim.relation]} ${claim.bound}</td>
<td class="${outcomeClass[claim.outcome]}">${signs[claim.outcome]} ${claim.outcome}</td></tr>`,
)}</tbody>
</table></div>`;

const outcomeClass: Record<Outcome, string> = {
  confirmed: "confirmed",
  "not confirmed": "refuted",
  undecided: "undecided",
};

/**
 * Embeds a figure as an image. So its styles and those of the page stay apart, and it chooses light
 * or dark by itself.
 */
function image(svg: string): Html {
  const [, title = ""] = /<title>([^<]*)<\/title>/.exec(svg) ?? [];
  const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg) ?? [];
  return html`<img loading="lazy" width="${width}" height="${height}" alt="${new Html(title)}" src="data:image/svg+xml,${encodeURIComponent(svg)}">`;
}

const STYLE = html`
:root{color-scheme:light dark;--page:#faf9f6;--ink:#1e2024;--quiet:#5a5e66;--rule:#e2dfd8;--yes:#2c6e5d;--no:#ad2a1c;--open:#8a5a00;--link:#234f8c}
@media (prefers-color-scheme:dark){:root{--page:#15171a;--ink:#e7e5e0;--quiet:#a4a8af;--rule:#33373d;--yes:#7cc8af;--no:#ff8d7c;--open:#e6b452;--link:#9cc0f2}}
*{box-sizing:border-box}
html{font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;background:var(--page);color:var(--ink)}
body{margin:0 auto;max-width:72rem;padding:2.5rem clamp(1rem,4vw,3rem) 4rem}
h1,h2{line-height:1.2;text-wrap:balance}h2{margin-top:3rem;border-top:1px solid var(--rule);padding-top:1.5rem}
header p,nav{max-width:46rem}.lead{font-size:1.2rem}
a{color:var(--link)}.quiet,small,footer{color:var(--quiet);font-size:.88rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.92rem}
th,td{text-align:left;vertical-align:top;padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--rule);font-weight:400}
thead th{color:var(--quiet);font-size:.85rem}.number{text-align:right;white-space:nowrap}tbody th{min-width:14rem}
small{display:block}td:last-child{white-space:nowrap}
.confirmed{color:var(--yes)}.refuted,.failed{color:var(--no)}.undecided{color:var(--open)}
.failed{overflow-wrap:anywhere}details{margin:1rem 0}summary{cursor:pointer}
.figures{display:flex;flex-direction:column;gap:1rem;margin-top:1rem}.figures img{max-width:100%;height:auto;align-self:flex-start}
@media print{section{break-inside:auto}img,tr{break-inside:avoid}}`;
