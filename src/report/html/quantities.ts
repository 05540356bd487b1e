import type { LayerReport } from "../../audit/report/result.js";
import { cosine, count, share, significant } from "../format.js";

/** One number of a layer with what it says and how it is computed. */
interface Quantity {
  readonly name: string;
  readonly value: (layer: LayerReport) => string;
  readonly meaning: string;
  readonly formula: string;
}

export interface QuantityGroup {
  readonly title: (layer: LayerReport) => string;
  /** Whether the layer has these numbers at all. */
  readonly applies: (layer: LayerReport) => boolean;
  readonly quantities: readonly Quantity[];
}

/** Every number of a layer. G = ∂L/∂y; y is the standardized activation; sums run over the channels. */
export const quantityGroups: readonly QuantityGroup[] = [
  {
    title: () => "Energy of the gradient that arrives, G = ∂L/∂y",
    applies: () => true,
    quantities: [
      {
        name: "blocked",
        value: ({ shares }) => share(shares.blocked),
        meaning: "Share of the energy that cannot pass to the features below.",
        formula: "(first + diag) / E",
      },
      {
        name: "first",
        value: ({ shares }) => share(shares.first),
        meaning: "What all elements ask for alike, a shift of the channel. Subtracting the mean removes it.",
        formula: "Σ n · mean(G)² / E",
      },
      {
        name: "diag",
        value: ({ shares }) => share(shares.diag),
        meaning: "What asks to stretch or shrink the channel. Dividing by σ removes it.",
        formula: "Σ ⟨G, y⟩² / ⟨y, y⟩ / E",
      },
      {
        name: "chance",
        value: ({ shares }) => share(shares.chance),
        meaning: "What pure noise would lose: the blocked directions among the n of a channel.",
        formula: "2 / n (RMS norm: 1 / n)",
      },
      {
        name: "E",
        value: ({ energy }) => significant(energy.total),
        meaning: "Energy of the whole gradient at the output of the standardization.",
        formula: "‖G‖²",
      },
      {
        name: "passed",
        value: ({ energy }) => significant(energy.passed),
        meaning: "Energy that does reach the features: what differs between the elements.",
        formula: "E − first − diag",
      },
    ],
  },
  {
    title: ({ weights }) => `Gradient of the weights below, ${weights?.name ?? ""}`,
    applies: ({ weights }) => weights !== null,
    quantities: [
      {
        name: "removed",
        value: ({ weights }) => share(weights?.removed),
        meaning:
          "Length of what these weights never hear, relative to the whole. Above 1 where it opposes the rest.",
        formula: "‖ΔW_first + ΔW_diag‖ / ‖ΔW_open‖",
      },
      {
        name: "kept",
        value: ({ weights }) => share(weights?.kept),
        meaning: "Length of the gradient they do get, relative to the whole.",
        formula: "‖ΔW_open − ΔW_first − ΔW_diag‖ / ‖ΔW_open‖",
      },
      {
        name: "cosine",
        value: ({ weights }) => cosine(weights?.cosine),
        meaning: "Whether the gradient they get still points the same way: 1 the same, 0 unrelated.",
        formula: "cos(ΔW_actual, ΔW_open)",
      },
      {
        name: "first",
        value: ({ weights }) => share(weights?.first),
        meaning: "Length of the part lost to the mean.",
        formula: "‖ΔW_first‖ / ‖ΔW_open‖,  ΔW_first = vjp(mean(G) / σ)",
      },
      {
        name: "diag",
        value: ({ weights }) => share(weights?.diag),
        meaning: "Length of the part lost to the standard deviation.",
        formula: "‖ΔW_diag‖ / ‖ΔW_open‖,  ΔW_diag = vjp(y · mean(G ∘ y) / σ)",
      },
      {
        name: "open",
        value: ({ weights }) => significant(weights?.open),
        meaning: "Length of the whole: the gradient if mean and deviation were constants.",
        formula: "‖ΔW_open‖,  ΔW_open = vjp(G / σ)",
      },
    ],
  },
  {
    title: () => "Where the blocked part goes: the affine parameters",
    applies: ({ affine }) => affine !== null,
    quantities: [
      {
        name: "∂L/∂β",
        value: ({ affine }) => significant(affine?.gradBeta),
        meaning: "The first-order part moves the shift β, one number a channel, and nothing below.",
        formula: "‖∂L/∂β‖",
      },
      {
        name: "∂L/∂γ",
        value: ({ affine }) => significant(affine?.gradGamma),
        meaning: "The diagonal part moves the scale γ, one number a channel, and nothing below.",
        formula: "‖∂L/∂γ‖",
      },
    ],
  },
  {
    title: () => "The layer and the check",
    applies: () => true,
    quantities: [
      {
        name: "n",
        value: ({ elements }) => count(elements),
        meaning: "Elements that share one mean and one variance.",
        formula: "batch norm: samples × positions",
      },
      {
        name: "ε",
        value: ({ epsilon }) => significant(epsilon),
        meaning: "The constant that keeps the division finite.",
        formula: "σ = √(v + ε)",
      },
      {
        name: "ρ",
        value: ({ leak }) => share(leak?.mean),
        meaning: "Fraction of the diagonal part that ε lets through after all; the mean over the layer.",
        formula: "ε / (v + ε)",
      },
      {
        name: "ρ max",
        value: ({ leak }) => share(leak?.max),
        meaning: "The same where the variance v is smallest.",
        formula: "ε / (min v + ε)",
      },
      {
        name: "residual",
        value: ({ identityResidual }) => share(identityResidual),
        meaning: "Disagreement of the measured backward pass with the formula: rounding, if all is well.",
        formula: "‖∂L/∂x − (G − first − (1−ρ) diag) / σ‖ / ‖G / σ‖",
      },
    ],
  },
];
