import { type Html, html } from "./markup.js";

/** What the theory says, for a reader who has not met it: one picture and three paragraphs. */
export function explainer(): Html {
  return html`
<section aria-labelledby="explainer-title">
<h2 id="explainer-title">What this means</h2>
<div class="explainer">
<div class="prose">
<p>Each sample of a batch tells a layer how its features should change. A normalization layer first
standardizes its features: it subtracts their mean and divides by their standard deviation. Whatever
the samples ask for <em>in common</em> is undone by that same step, so it never reaches the features, nor the weights below.</p>
<p>Two wishes are lost. To shift all elements of a channel alike: the mean takes the shift out again (<em>first</em>
order). To stretch or shrink the channel: the division takes that out (the <em>diagonal</em> of the second order).
In the picture they are the fitted line; only the distances from it pass.</p>
<p>The less the samples differ in what they ask for, the more is lost: batches of a single class, reconstruction,
one target for all. The shift β and scale γ of the layer still learn from the lost part, the features
do not.</p>
</div>
${picture()}
</div>
</section>`;
}

/** Gradient against activation for a dozen elements: a shared line plus what differs. Made up, and said so. */
const POINTS: readonly (readonly [y: number, rest: number])[] = [
  [-1.7, 0.16],
  [-1.35, -0.28],
  [-1.05, 0.3],
  [-0.8, -0.1],
  [-0.5, 0.14],
  [-0.2, -0.33],
  [0.1, 0.24],
  [0.4, 0.02],
  [0.65, -0.26],
  [0.95, 0.31],
  [1.3, -0.2],
  [1.7, 0.07],
];
const SHIFT = 0.42;
const SLOPE = 0.36;
/** Where the horizontal axis runs in the picture. */
const ZERO = 112;

function picture(): Html {
  return html`<figure class="picture">
<svg viewBox="0 0 440 156" role="img" aria-label="Left: the gradients of twelve elements scatter around a rising line. Right: what passes is their distance from that line, scattered around zero.">
${panel(0, "arrives", SHIFT, SLOPE)}
<path class="arrow" d="M208 ${ZERO}h22m-7-5l7 5l-7 5"/>
${panel(240, "passes", 0, 0)}
</svg>
<figcaption>A sketch: gradient ∂L/∂y of twelve elements of one channel against their activation y.</figcaption>
</figure>`;
}

function panel(left: number, title: string, shift: number, slope: number): Html {
  const x = (y: number): number => Math.round(left + 100 + y * 48);
  const height = (g: number): number => Math.round(ZERO - g * 74);
  const line = (y: number): number => height(shift + slope * y);
  return html`<text class="panel-title" x="${left + 100}" y="16" text-anchor="middle">${title}</text>
<line class="zero" x1="${left + 8}" x2="${left + 192}" y1="${ZERO}" y2="${ZERO}"/>
<line class="fit" x1="${x(-1.85)}" y1="${line(-1.85)}" x2="${x(1.85)}" y2="${line(1.85)}"/>
${POINTS.map(([y, rest]) => html`<line class="rest" x1="${x(y)}" x2="${x(y)}" y1="${line(y)}" y2="${height(shift + slope * y + rest)}"/><circle class="dot" cx="${x(y)}" cy="${height(shift + slope * y + rest)}" r="3.6"/>`)}
<text class="axis-title" x="${left + 192}" y="${ZERO + 15}" text-anchor="end">y</text>`;
}
