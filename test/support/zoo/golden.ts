import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { LayerReport, WeightsReport } from "../../../src/audit/report/result.js";

/**
 * The models of test/fixtures/zoo with the values PyTorch measured; fields as the README there
 * says.
 */
const root = fileURLToPath(new URL("../../fixtures/zoo/", import.meta.url));

type Channels = LayerReport["channels"];

export interface GoldenLayer {
  name: string;
  namedBy: "scale" | "statistics" | "node";
  op: string;
  mode: LayerReport["mode"];
  kind: "batch" | "layer" | "instance" | "group" | "rms";
  elements: number;
  epsilon: number;
  shape: number[];
  energy: { total: number; first: number; diag: number };
  shares: { blocked: number; first: number; diag: number };
  leak: { mean: number; max: number };
  weights: WeightsReport | null;
  affine: { gradGamma: number; gradBeta: number | null } | null;
  channels?: Channels;
}

export interface ZooModel {
  name: string;
  model: string;
  batch: string;
  loss: { kind: "cross-entropy" | "mse" | "bce" | "l1" | "output"; value: number | null };
  unchecked: ("weights" | "weight names" | "float64" | "float64 energies")[];
  error: { exitCode: number; mentions: string } | null;
  layers: GoldenLayer[];
}

export function zooModels(): ZooModel[] {
  const folders = readdirSync(root).filter((name) => existsSync(`${root}${name}/golden.json`));
  return folders.map((name) => ({
    name,
    model: `${root}${name}/model.onnx`,
    batch: `${root}${name}/batch.npz`,
    ...(JSON.parse(readFileSync(`${root}${name}/golden.json`, "utf8")) as Omit<
      ZooModel,
      "name" | "model" | "batch"
    >),
  }));
}
