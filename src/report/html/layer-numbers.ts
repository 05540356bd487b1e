import type { LayerReport } from "../../audit/report/result.js";
import { cosine, count, share, significant } from "../format.js";

/** One number of a layer with its meaning and formula. */
interface LayerNumber {
  readonly name: string;
  readonly value: (layer: LayerReport) => string;
  readonly meaning: string;
  readonly formula: string;
}

/** Numbers that one table shows. */
export interface LayerNumberGroup {
  readonly title: (layer: LayerReport) => string;
  /** Tells whether the layer has these numbers. */
  readonly applies: (layer: LayerReport) => boolean;
  readonly numbers: readonly LayerNumber[];
}

/**
 * All numbers of a layer. y is the output of the standardization and G = ∂L/∂y. Sums in the
 * formulas run over the groups of the layer.
 */
export const layerNumberGroups: readonly LayerNumberGroup[] = [
  {
    title: () => "Energy of the arriving gradient, G = ∂L/∂y",
    applies: () => true,
    numbers: [
      {
        name: "blocked",
        value: ({ shares }) => share(shares.blocked),
        meaning: "Share of the energy that does not reach the features below.",
        formula: "(first + diag) / E",
      },
      {
        name: "first",
        value: ({ shares }) => share(shares.first),
        meaning:
          "The part that is the same for all elements: it asks to shift the channel. Subtracting the mean removes it.",
        formula: "Σ n · mean(G)² / E",
      },
      {
        name: "diag",
        value: ({ shares }) => share(shares.diag),
        meaning:
          "The part proportional to y: it asks to stretch or shrink the channel. Dividing by σ removes it.",
        formula: "Σ ⟨G, y⟩² / ⟨y, y⟩ / E",
      },
      {
        name: "chance",
        value: ({ shares }) => share(shares.chance),
        meaning: "The blocked share of pure noise: number of blocked directions divided by n.",
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
        meaning: "Energy that reaches the features: the differences between elements.",
        formula: "E − first − diag",
      },
    ],
  },
  {
    title: ({ weights }) => `Gradient of the weights below, ${weights?.name ?? ""}`,
    applies: ({ weights }) => weights !== null,
    numbers: [
      {
        name: "removed",
        value: ({ weights }) => share(weights?.removed),
        meaning:
          "Length of the part that never reaches these weights, relative to ‖ΔW_open‖. It can exceed 1, because the removed and the kept part are not orthogonal.",
        formula: "‖ΔW_first + ΔW_diag‖ / ‖ΔW_open‖",
      },
      {
        name: "chance",
        value: ({ weights }) =>
          weights?.chanceSd
            ? `${share(weights.chance)} ± ${share(weights.chanceSd)}`
            : share(weights?.chance),
        meaning:
          "What noise in place of G would remove. It is high where the inputs of the weights are positive, as after a ReLU.",
        formula: "√(E‖ΔW_first + ΔW_diag‖² / E‖ΔW_open‖²) for white noise G",
      },
      {
        name: "over chance",
        value: ({ weights }) => share(weights?.overChance),
        meaning: "How far removed is above chance: 0 at chance, 1 where everything is removed.",
        formula: "√((removed² − chance²) / (1 − chance²))",
      },
      {
        name: "kept",
        value: ({ weights }) => share(weights?.kept),
        meaning: "Length of the gradient that reaches the weights, relative to ‖ΔW_open‖.",
        formula: "‖ΔW_open − ΔW_first − ΔW_diag‖ / ‖ΔW_open‖",
      },
      {
        name: "cosine",
        value: ({ weights }) => cosine(weights?.cosine),
        meaning:
          "Whether the gradient that reaches the weights still points the same way: 1 means the same direction, 0 a right angle.",
        formula: "cos(ΔW_actual, ΔW_open)",
      },
      {
        name: "first",
        value: ({ weights }) => share(weights?.first),
        meaning: "Length of the part that subtracting the mean removes.",
        formula: "‖ΔW_first‖ / ‖ΔW_open‖,  ΔW_first = vjp(mean(G) / σ)",
      },
      {
        name: "diag",
        value: ({ weights }) => share(weights?.diag),
        meaning: "Length of the part that dividing by σ removes.",
        formula: "‖ΔW_diag‖ / ‖ΔW_open‖,  ΔW_diag = vjp(y · mean(G ∘ y) / σ)",
      },
      {
        name: "open",
        value: ({ weights }) => significant(weights?.open),
        meaning: "Length of the gradient if mean and deviation were constants.",
        formula: "‖ΔW_open‖,  ΔW_open = vjp(G / σ)",
      },
    ],
  },
  {
    title: () => "Where the blocked part goes: the affine parameters",
    applies: ({ affine }) => affine !== null,
    numbers: [
      {
        name: "∂L/∂β",
        value: ({ affine }) => significant(affine?.gradBeta),
        meaning:
          "The first-order part changes only the shift β, one number for each channel. Nothing below changes.",
        formula: "‖∂L/∂β‖",
      },
      {
        name: "∂L/∂γ",
        value: ({ affine }) => significant(affine?.gradGamma),
        meaning:
          "The diagonal part changes only the scale γ, one number for each channel. Nothing below changes.",
        formula: "‖∂L/∂γ‖",
      },
    ],
  },
  {
    title: () => "The layer and the check",
    applies: () => true,
    numbers: [
      {
        name: "n",
        value: ({ elements }) => count(elements),
        meaning: "Elements that share one mean and one variance.",
        formula: "batch norm: samples × positions",
      },
      {
        name: "ε",
        value: ({ epsilon }) => significant(epsilon),
        meaning: "Constant that keeps the division finite.",
        formula: "σ = √(v + ε)",
      },
      {
        name: "ρ",
        value: ({ leak }) => share(leak?.mean),
        meaning: "Fraction of the diagonal part that passes because of ε: the mean over the layer.",
        formula: "ε / (v + ε)",
      },
      {
        name: "ρ max",
        value: ({ leak }) => share(leak?.max),
        meaning: "The same fraction where the variance v is smallest.",
        formula: "ε / (min v + ε)",
      },
      {
        name: "residual",
        value: ({ identityResidual }) => share(identityResidual),
        meaning:
          "Relative difference between ∂L/∂x from automatic differentiation and the formula. It should be a rounding error.",
        formula: "‖∂L/∂x − (G − first − (1−ρ) diag) / σ‖ / ‖G / σ‖",
      },
    ],
  },
];
