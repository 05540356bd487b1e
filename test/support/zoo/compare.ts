import type { AuditReport, LayerReport } from "../../../src/audit/report/result.js";
import type { GoldenLayer, ZooModel } from "./golden.js";

/** How far a report may stray from PyTorch's float64 values. */
export interface Tolerance {
  /** Absolute. */
  shares: number;
  /**
   * Relative, for energies above `floor` times the layer's energy; below it they may be off by that
   * much.
   */
  energy: number;
  floor: number;
  /** Absolute, on numbers that are relative to the open gradient. */
  weights: number;
  /** Relative: loss, leak, norms of affine gradients and of the open gradient. */
  scalar: number;
  /** Upper bound. */
  identityResidual: number;
}

export const TOLERANCE: Record<AuditReport["precision"], Tolerance> = {
  float32: { shares: 1e-5, energy: 1e-3, floor: 1e-9, weights: 2e-3, scalar: 1e-3, identityResidual: 1e-4 },
  float64: { shares: 1e-7, energy: 1e-6, floor: 1e-15, weights: 1e-6, scalar: 1e-6, identityResidual: 1e-10 },
};

/** Every disagreement of a report with the golden values, as one readable line each. */
export function disagreements(report: AuditReport, zoo: ZooModel, tolerance: Tolerance): string[] {
  const found: string[] = [];
  const near = (place: string, got: number | undefined, expected: number, limit: number) => {
    if (!(Math.abs(got! - expected) <= limit)) found.push(`${place}: expected ${expected}, got ${got}`);
  };
  const same = (place: string, got: unknown, expected: unknown) => {
    if (got !== expected) found.push(`${place}: expected ${expected}, got ${got}`);
  };

  same("layers", report.layers.length, zoo.layers.length);
  same("loss kind", report.loss.kind, zoo.loss.kind);
  near("loss", report.loss.value!, zoo.loss.value!, tolerance.scalar * Math.abs(zoo.loss.value!));
  same("duplicate names", report.layers.length - new Set(report.layers.map(({ name }) => name)).size, 0);
  for (const [i, golden] of zoo.layers.entries()) {
    const layer = report.layers[i];
    if (layer !== undefined) compareLayer(golden, layer);
  }
  return found;

  function compareLayer(golden: GoldenLayer, layer: LayerReport): void {
    const at = (field: string) => `${golden.name} ${field}`;
    if (golden.namedBy !== "node") same(at("name"), layer.name, golden.name);
    else if (!layer.name.includes(golden.name)) same(at("name"), layer.name, `… ${golden.name} …`);
    same(at("op"), layer.op, golden.op);
    same(at("mode"), layer.mode, golden.mode);
    same(at("elements"), layer.elements, golden.elements);
    near(at("epsilon"), layer.epsilon!, golden.epsilon, 1e-9 * golden.epsilon);
    near(at("shares.chance"), layer.shares.chance, (golden.kind === "rms" ? 1 : 2) / golden.elements, 1e-12);
    if (!(layer.identityResidual! <= tolerance.identityResidual))
      found.push(`${at("identityResidual")}: ${layer.identityResidual}`);

    const rounded = zoo.unchecked.includes("float64 energies") ? TOLERANCE.float32 : tolerance;
    const nearEnergy = (place: string, got: number | undefined, expected: number) => {
      const floor = rounded.floor * golden.energy.total;
      near(place, got, expected, expected > floor ? rounded.energy * expected : floor);
    };
    for (const key of ["blocked", "first", "diag"] as const)
      near(at(`shares.${key}`), layer.shares[key], golden.shares[key], tolerance.shares);
    for (const key of ["total", "first", "diag"] as const)
      nearEnergy(at(`energy.${key}`), layer.energy[key], golden.energy[key]);
    for (const key of ["mean", "max"] as const)
      near(at(`leak.${key}`), layer.leak?.[key], golden.leak[key], tolerance.scalar * golden.leak[key]);
    if (golden.channels) {
      for (const key of ["energy", "first", "diag"] as const) {
        same(at(`channels.${key}.length`), layer.channels[key].length, golden.channels[key].length);
        for (const [c, expected] of golden.channels[key].entries())
          nearEnergy(at(`channels.${key}[${c}]`), layer.channels[key][c], expected);
      }
    }
    compareAffine(golden, layer, at);
    if (!zoo.unchecked.includes("weights")) compareWeights(golden, layer, at);
  }

  function compareAffine(golden: GoldenLayer, layer: LayerReport, at: (field: string) => string): void {
    same(at("affine is null"), layer.affine === null, golden.affine === null);
    if (layer.affine === null || golden.affine === null) return;
    for (const key of ["gradGamma", "gradBeta"] as const) {
      const expected = golden.affine[key] ?? 0;
      // Sums that cancel to zero (a norm above took the shared part) keep the rounding of their
      // terms.
      const rounding = 1e-3 * tolerance.scalar * Math.sqrt(golden.energy.total * golden.elements);
      near(at(`affine.${key}`), layer.affine[key], expected, tolerance.scalar * expected + rounding);
    }
  }

  function compareWeights(golden: GoldenLayer, layer: LayerReport, at: (field: string) => string): void {
    same(at("weights is null"), layer.weights === null, golden.weights === null);
    if (layer.weights === null || golden.weights === null) return;
    if (!zoo.unchecked.includes("weight names"))
      same(at("weights.name"), layer.weights.name, golden.weights.name);
    near(at("weights.open"), layer.weights.open, golden.weights.open, tolerance.scalar * golden.weights.open);
    for (const key of ["first", "diag", "removed", "kept", "cosine"] as const)
      near(at(`weights.${key}`), layer.weights[key] ?? undefined, golden.weights[key]!, tolerance.weights);
  }
}
