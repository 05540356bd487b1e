import { UserError } from "../base/errors.js";
import { sha256File } from "../base/sha256.js";
import { showShape, sizeOf, type TensorData } from "../base/tensor.js";
import {
  openTensorFile,
  readTensor,
  type TensorEntry,
  type TensorFile,
  tensorBlocks,
} from "../tensor-files/index.js";
import {
  type BlockedShares,
  BlockedSharesAccumulator,
  batchNormLayout,
  type FloatArray,
  leakFromOutput,
  RecordedWeightSums,
  weightLoss,
} from "../theory/index.js";
import { assemble, judgeLayers } from "./report/assemble.js";
import type { LayerMeasurement } from "./report/layer.js";
import type { AuditReport, LayerReport, Thresholds, WeightsReport } from "./report/result.js";
import { layerWarnings } from "./report/warnings.js";
import { selectLayers } from "./select-layers.js";
import { ONE_TRACE } from "./verdict/one-batch.js";
import { DEFAULT_THRESHOLDS } from "./verdict/thresholds.js";

/** Options of `auditTrace`. */
export interface TraceAuditOptions {
  /** Glob over layer names. Default: all layers. */
  readonly layers?: string;
  /** Limits of the verdicts. Default: `DEFAULT_THRESHOLDS`. */
  readonly thresholds?: Thresholds;
  /** Called with the name of each step. */
  readonly onProgress?: (step: string) => void;
}

/** The tensors of one recorded layer, by the part of their name after the layer's. */
interface RecordedLayer {
  readonly name: string;
  readonly y: TensorEntry;
  readonly gradY: TensorEntry;
  readonly gamma: TensorEntry | null;
  readonly gradWeightOpen: TensorEntry | null;
  readonly gradWeight: TensorEntry | null;
}

/**
 * Audits batch normalization layers that any framework has recorded, in constant memory.
 *
 * The file holds `<layer>.y` and `<layer>.grad_y` of shape [N, C, …] for each layer. Optional
 * tensors: `<layer>.gamma` [C] adds the affine gradients to the report; `<layer>.grad_w_open` with
 * `<layer>.grad_w` adds what the weights below lose. Optional metadata: `layers`, `loss`, `model`,
 * `batch`, `grad_scale`.
 *
 * @param path - A .safetensors or .npz file.
 * @param options - Which layers to audit and the limits of the verdicts.
 * @returns The report, `blindspot.audit/2`, with `mode: "recorded"` for every layer.
 * @throws UserError for a damaged file, a tensor without its partner, shapes that do not fit, a
 * batch with one element per channel, or a glob without a match; with exit code 5 where the file
 * has no layer.
 * @example
 * ```ts
 * import { auditTrace } from "blindspot";
 *
 * const report = await auditTrace("trace.safetensors", { layers: "layer1.*" });
 * for (const { name, shares } of report.layers) console.log(name, shares.blocked, shares.chance);
 * ```
 */
export async function auditTrace(path: string, options: TraceAuditOptions = {}): Promise<AuditReport> {
  const started = performance.now();
  const { thresholds = DEFAULT_THRESHOLDS, onProgress = () => {} } = options;
  const file = await openTensorFile(path);
  try {
    const selected = selectLayers(recordedLayers(file), options.layers, path);
    const scale = await gradientScale(file);
    const measured: LayerMeasurement[] = [];
    for (const [i, layer] of selected.entries()) {
      onProgress(`layer ${i + 1} of ${selected.length}: ${layer.name}`);
      measured.push(await measureRecordedLayer(file, layer, scale));
    }
    onProgress("checksum");
    return assemble({
      started,
      source: {
        kind: file.format,
        file: path,
        sha256: await sha256File(path),
        model: file.metadata.get("model"),
        batch: file.metadata.get("batch"),
      },
      batch: null,
      loss: { kind: file.metadata.get("loss") ?? "unknown", reduction: null, value: null },
      precision: selected.every(({ y, gradY }) => y.type === "F64" && gradY.type === "F64")
        ? "float64"
        : "float32",
      device: null,
      thresholds,
      batches: null,
      answers: ONE_TRACE,
      layers: judgeLayers(measured, thresholds),
      warnings: measured.flatMap(({ warnings }) => warnings),
    });
  } finally {
    await file.close();
  }
}

/** The layers of a trace, in the order of its metadata `layers`, else of the file. */
function recordedLayers(file: TensorFile): RecordedLayer[] {
  const byName = new Map(file.entries.map((entry) => [entry.name, entry]));
  const layers = new Map<string, RecordedLayer>();
  for (const entry of file.entries) {
    const [, name, part] = /^(.+)\.(y|grad_y)$/s.exec(entry.name) ?? [];
    if (name === undefined || layers.has(name)) continue;
    const get = (key: string) => byName.get(`${name}.${key}`) ?? null;
    const [y, gradY] = [get("y"), get("grad_y")];
    if (y === null || gradY === null)
      throw new UserError(
        `${file.path}: ${entry.name}: expected ${name}.${part === "y" ? "grad_y" : "y"} beside it, got none`,
      );
    layers.set(name, {
      name,
      y,
      gradY,
      gamma: get("gamma"),
      gradWeightOpen: get("grad_w_open"),
      gradWeight: get("grad_w"),
    });
  }
  if (layers.size === 0)
    throw new UserError(
      `${file.path}: no recorded layer: expected tensors <layer>.y and <layer>.grad_y, got ${shownNames(file)}`,
      5,
    );
  const listed = layerList(file).map((name) => {
    const layer = layers.get(name);
    if (layer === undefined)
      throw new UserError(`${file.path}: ${name}: listed in the metadata, but ${name}.y is missing`);
    layers.delete(name);
    return layer;
  });
  return [...listed, ...layers.values()];
}

/** Metadata `layers`: a JSON list of names, or names with commas between. */
function layerList(file: TensorFile): string[] {
  const text = file.metadata.get("layers")?.trim() ?? "";
  if (!text.startsWith("[")) return text === "" ? [] : text.split(",").map((name) => name.trim());
  let names: unknown;
  try {
    names = JSON.parse(text);
  } catch {
    // Reported with the wrong kinds of lists below.
  }
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return names;
  throw new UserError(
    `${file.path}: metadata layers: expected a JSON list of names, got ${text.slice(0, 80)}`,
  );
}

/** The factor of loss scaling: metadata `grad_scale`, or in an npz file an array of that name. */
async function gradientScale(file: TensorFile): Promise<number> {
  const entry = file.entries.find(({ name, shape }) => name === "grad_scale" && sizeOf(shape) === 1);
  const text = file.metadata.get("grad_scale");
  const scale = entry ? (await readTensor(file, entry)).data[0] : Number(text ?? 1);
  if (!(scale > 0 && Number.isFinite(scale)))
    throw new UserError(
      `${file.path}: metadata grad_scale: expected a positive number, got ${text ?? scale}`,
    );
  return scale;
}

async function measureRecordedLayer(
  file: TensorFile,
  layer: RecordedLayer,
  scale: number,
): Promise<LayerMeasurement> {
  const { name, y, gradY } = layer;
  checkShapes(file, layer);
  const accumulator = new BlockedSharesAccumulator(batchNormLayout(y.shape), { gradientScale: scale });
  await inLockStep(file, y, gradY, (outputs, gradients) => accumulator.add(outputs, gradients));
  const shares = accumulator.result();

  // Without its non-finite elements a channel has another mean and mean square, which proves
  // nothing.
  const complete = shares.nonFinite === 0;
  const fault = complete ? standardizationFault(shares) : null;
  return {
    name,
    kind: "batch" as const,
    op: "BatchNormalization",
    mode: "recorded",
    groupedBy: "channel",
    channelCount: y.shape[1],
    epsilon: null,
    shares,
    leak: complete && fault === null ? leakFromOutput(shares) : null,
    weights: await recordedWeights(file, layer, scale),
    affine: await affineGradients(file, layer, shares),
    identityResidual: null,
    hasStatistics: true,
    warnings: [
      ...(fault === null ? [] : [`${name}: ${fault}`]),
      ...layerWarnings({ name, groupedBy: "channel", shares }),
    ],
  };
}

function checkShapes(file: TensorFile, { y, gradY }: RecordedLayer): void {
  const { shape } = y;
  if (shape.length < 2 || sizeOf(shape) === 0)
    throw new UserError(
      `${file.path}: ${y.name}: expected shape [N, C, …] with elements, got ${showShape(shape)}`,
    );
  if (showShape(gradY.shape) !== showShape(shape))
    throw new UserError(
      `${file.path}: ${gradY.name}: expected shape ${showShape(shape)} as ${y.name}, got ${showShape(gradY.shape)}`,
    );
  if (sizeOf(shape) === shape[1])
    throw new UserError(
      `${file.path}: ${y.name}: shape ${showShape(shape)} has 1 element per channel; batch statistics need at least 2: record a larger batch`,
    );
}

/** Reads two tensors of one shape side by side, block by block. */
async function inLockStep(
  file: TensorFile,
  a: TensorEntry,
  b: TensorEntry,
  take: (a: FloatArray, b: FloatArray) => void,
): Promise<void> {
  const blocksOfB = tensorBlocks(file, b);
  for await (const block of tensorBlocks(file, a)) {
    const { value } = await blocksOfB.next();
    take(floats(file, a, block), floats(file, b, value!));
  }
}

function floats(file: TensorFile, { name, type }: TensorEntry, block: TensorData): FloatArray {
  if (block instanceof Float32Array || block instanceof Float64Array) return block;
  throw new UserError(`${file.path}: ${name}: expected floating-point elements, got ${type}`);
}

/**
 * Largest distance of a channel's mean from 0, and of its mean square above 1, in a float16
 * recording.
 */
const STANDARDIZED_TOLERANCE = 0.01;

/** Says why a recorded y is not the output of a standardization; null if it is. */
function standardizationFault({ mean, meanSquare }: BlockedShares): string | null {
  for (const channel of mean.keys()) {
    if (
      Math.abs(mean[channel]) <= STANDARDIZED_TOLERANCE &&
      meanSquare[channel] <= 1 + STANDARDIZED_TOLERANCE
    )
      continue;
    return (
      `y is not standardized: channel ${channel} has mean ${mean[channel].toPrecision(3)} and mean square ` +
      `${meanSquare[channel].toPrecision(3)}, expected 0 and at most 1; record (x - mean)/sqrt(var + eps), before gamma and beta`
    );
  }
  return null;
}

/** The loss of the weights below, where both their gradients were recorded. */
async function recordedWeights(
  file: TensorFile,
  { name, gradWeightOpen: open, gradWeight: actual }: RecordedLayer,
  scale: number,
): Promise<WeightsReport | null> {
  if (open === null || actual === null) return null;
  if (showShape(open.shape) !== showShape(actual.shape))
    throw new UserError(
      `${file.path}: ${actual.name}: expected shape ${showShape(open.shape)} as ${open.name}, got ${showShape(actual.shape)}`,
    );
  const sums = new RecordedWeightSums();
  await inLockStep(file, open, actual, (a, b) => sums.add(a, b));
  const loss = weightLoss(sums);
  return {
    name: `${name}.grad_w`,
    ...loss,
    open: loss.open / scale,
    chance: null,
    chanceSd: null,
    overChance: null,
  };
}

/**
 * ‖∂L/∂γ‖ and ‖∂L/∂β‖ where γ was recorded. As G = γ·∂L/∂z, a channel has ∂L/∂γ = ⟨G,y⟩/γ and ∂L/∂β
 * = ΣG/γ.
 */
async function affineGradients(
  file: TensorFile,
  { gamma, y }: RecordedLayer,
  shares: BlockedShares,
): Promise<LayerReport["affine"]> {
  if (gamma === null) return null;
  if (showShape(gamma.shape) !== showShape([y.shape[1]]))
    throw new UserError(
      `${file.path}: ${gamma.name}: expected shape [${y.shape[1]}], got ${showShape(gamma.shape)}`,
    );
  const { data } = await readTensor(file, gamma);
  // At γ = 0, G = 0 whatever ∂L/∂z is, so the trace does not determine the affine gradients.
  if (data.some((value) => value === 0)) return null;
  let [gammaSquares, betaSquares] = [0, 0];
  for (const [channel, value] of data.entries()) {
    gammaSquares += (shares.inner[channel] / value) ** 2;
    betaSquares += ((shares.elements * shares.gradient[channel]) / value) ** 2;
  }
  return { gradGamma: Math.sqrt(gammaSquares), gradBeta: Math.sqrt(betaSquares) };
}

/** The first names of a file, for messages. */
function shownNames({ entries }: TensorFile): string {
  if (entries.length === 0) return "no tensor at all";
  const names = entries.slice(0, 8).map(({ name }) => name);
  return entries.length > names.length ? `${names.join(", ")}, …` : names.join(", ");
}
