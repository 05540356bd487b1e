import { type Html, html } from "./markup.js";

/** Explains the theory to a reader who does not know it: three paragraphs and one picture. */
export function explainer(): Html {
  return html`
<section aria-labelledby="explainer-title">
<h2 id="explainer-title">What this means</h2>
<div class="explainer">
<div class="prose">
<p>Through the gradient, every sample of a batch asks a layer to change its features. A normalization layer first
standardizes these features: it subtracts their mean and divides by their standard deviation. This step undoes every
change that all samples ask for <em>in common</em>. So the common part of the gradient never reaches the features, nor
the weights below.</p>
<p>Two kinds of change are lost. Shifting all elements of a channel by the same amount has no effect, because the mean
is subtracted (<em>first</em> order). Stretching or shrinking the channel has no effect, because of the division (the
<em>diagonal</em> of the second order). In the picture, the fitted line is lost; the distances from the line pass.</p>
<p>The more the samples ask for the same change, the more is lost: on batches of a single class, for reconstruction, with
one target for all samples. The shift β and the scale γ of the layer still learn from the lost part. The features do
not.</p>
</div>
${picture()}
</div>
</section>`;
}

/**
 * Gradient against activation for twelve elements: the distance of each from a common line. The
 * numbers are made up; the caption calls the picture a sketch.
 */
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
/** Height of the horizontal axis in the picture. */
const ZERO = 112;

function picture(): Html {
  return html`<figure class="picture">
<svg viewBox="0 0 440 156" role="img" aria-label="Left: the gradients of twelve elements scatter around a rising line. Right: the distances from that line pass; they scatter around zero.">
${panel(0, "arrives", SHIFT, SLOPE)}
<path class="arrow" d="M208 ${ZERO}h22m-7-5l7 5l-7 5"/>
${panel(240, "passes", 0, 0)}
</svg>
<figcaption>A sketch: the gradient ∂L/∂y of twelve elements of one channel, plotted against their activation y.</figcaption>
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
