import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { auditModel } from "../../src/audit/index.js";
import { type ExperimentResult, reproduce } from "../../src/experiments/index.js";
import { temporaryFolder } from "../support/temporary.js";
import { expectUserError } from "../support/user-error.js";

const folder = temporaryFolder();
const outcomes = ({ claims }: ExperimentResult) => Object.fromEntries(claims.map((c) => [c.id, c.outcome]));
const meanOf = ({ measurements }: ExperimentResult, condition: string, quantity: string) =>
  measurements.find(
    (m) => [m.group, m.series].filter(Boolean).join(", ") === condition && m.quantity === quantity,
  )!.mean;

describe("blocked-learning at scale smoke", () => {
  let result: ExperimentResult;
  beforeAll(async () => {
    result = await reproduce("blocked-learning", { out: folder.path("blocked") });
  });

  it("Batch norm blocks all but the ε leak, and other norms let the weights below learn", () => {
    expect(outcomes(result)).toEqual({
      "bn-blocks": "confirmed",
      "bn-leaks-by-epsilon": "confirmed",
      "ln-moves": "confirmed",
      "ln-converges": "confirmed",
      "detached-moves": "confirmed",
      "detached-converges": "confirmed",
      "none-moves": "confirmed",
      "none-converges": "confirmed",
    });
    expect(meanOf(result, "bn, ε/100", "movement of the weights below")).toBeGreaterThan(0);
  });

  it("The file has the result that the function returns", () => {
    expect(JSON.parse(readFileSync(folder.path("blocked/result.json"), "utf8"))).toEqual(
      JSON.parse(JSON.stringify(result)),
    );
  });

  it("Finished runs are refused without resume; with resume they are kept and missing runs are made", async () => {
    const out = folder.path("blocked");
    await expectUserError(() => reproduce("blocked-learning", { out }), out, /--resume/);
    rmSync(`${out}/runs/ln-seed1`, { recursive: true });
    const kept = statSync(`${out}/runs/ln-seed0/summary.json`).mtimeMs;
    const again = await reproduce("blocked-learning", { out, resume: true });
    expect(again.measurements).toEqual(result.measurements);
    expect(statSync(`${out}/runs/ln-seed0/summary.json`).mtimeMs).toBe(kept);
    expect(existsSync(`${out}/runs/ln-seed1/checkpoint.safetensors`)).toBe(true);
  });
});

describe("blocked-terms, a little smaller than at scale smoke", () => {
  it("All claims about Taylor terms are confirmed, for formulas and for a trained network", async () => {
    const out = folder.path("terms");
    const overrides = { cases: "20", epochs: "2" };
    const result = await reproduce("blocked-terms", { out, overrides });
    expect(new Set(Object.values(outcomes(result)))).toEqual(new Set(["confirmed"]));
    const random = "share that reaches X (mean over random cases)";
    expect(meanOf(result, "affine alone, first order", random)).toBeCloseTo(1, 12);
    expect(meanOf(result, "standardization alone, second, diagonal", random)).toBeGreaterThan(1e-8);
  });
});

describe("one-class-batches at scale smoke, two norms and one seed", () => {
  it("Batch norm learns worse features than layer norm from one-class batches only", async () => {
    const out = folder.path("one-class");
    const result = await reproduce("one-class-batches", { out, seeds: [0], norms: ["bn", "ln"] });
    const probe = (condition: string) => meanOf(result, condition, "linear probe accuracy");
    expect(probe("ln, label") - probe("bn, label")).toBeGreaterThan(0.08);
    expect(Math.abs(probe("ln, shuffled") - probe("bn, shuffled"))).toBeLessThan(0.03);
    expect(new Set(Object.values(outcomes(result)))).toEqual(new Set(["undecided"]));
    expect(outcomes(result)).not.toHaveProperty("detaching-is-no-cure");
    expect(readdirSync(`${out}/runs`)).toEqual([
      "bn-label-seed0",
      "bn-shuffled-seed0",
      "ln-label-seed0",
      "ln-shuffled-seed0",
    ]);
    const blocked = result.curves.filter(({ quantity }) => quantity === "blocked share");
    const meanBlocked = (group: string, series: string) => {
      const [values] = blocked.find((c) => c.group === group && c.series === series)!.values;
      return values.reduce((a, b) => a + b, 0) / values.length;
    };
    expect(meanBlocked("bn", "label")).toBeGreaterThan(3 * meanBlocked("bn", "shuffled"));
    expect(result.clouds.map(({ points }) => points.length)).toEqual(new Array(8).fill(400));

    // The exported network and batch of a run can be audited.
    for (const [norm, op] of [
      ["bn", "BatchNormalization"],
      ["ln", "LayerNormalization"],
    ]) {
      const run = `${out}/runs/${norm}-label-seed0`;
      const report = await auditModel(`${run}/model.onnx`, { data: `${run}/batch.npz` });
      expect(report.layers.map(({ name, op }) => [name, op])).toEqual([["norm", op]]);
      expect(report.layers[0].weights!.name).toBe("fc2.weight");
      expect(Object.values(report.batch!.labelCounts!)).toEqual([32]);
      const evaluated = await auditModel(`${run}/model.eval.onnx`, { data: `${run}/batch.npz` });
      expect(evaluated.layers[0].shares).toEqual(report.layers[0].shares);
    }
  });
});

describe("what norm layers hide during training, at scale smoke and one seed", () => {
  const curve = ({ curves }: ExperimentResult, quantity: string) =>
    curves.filter((c) => c.quantity === quantity);

  it("In gan-batches batch norm removes more than layer norm, with separate and with mixed batches", async () => {
    const out = folder.path("gan");
    const result = await reproduce("gan-batches", { out, seeds: [0], overrides: { recordEvery: "10" } });
    for (const batches of ["separate", "mixed"]) {
      const removed = (norm: string) => meanOf(result, `${norm}, ${batches}`, "removed, norm3");
      expect(removed("bn") - removed("ln")).toBeGreaterThan(0.2);
      const share = (part: string) => meanOf(result, `bn, ${batches}`, `${part} share, norm3`);
      expect(share("first-order") + share("diagonal")).toBeCloseTo(share("blocked"), 6);
    }
    expect(curve(result, "removed, norm3").map(({ series }) => series)).toEqual([
      "all real",
      "all fake",
      "mixed",
      "all real",
      "all fake",
      "mixed",
    ]);
    expect(curve(result, "removed, norm3")[0].steps).toEqual([1, 11, 21, 31, 41]);
    expect(meanOf(result, "bn, mixed", "linear probe accuracy")).toBeGreaterThan(0.8);
  });

  it("In autoencoder batch norm removes more than layer norm at every layer, and other norms record nothing", async () => {
    const out = folder.path("autoencoder");
    const result = await reproduce("autoencoder", { out, seeds: [0] });
    for (const layer of ["down1_norm", "down2_norm", "up1_norm", "up2_norm"])
      expect(meanOf(result, `bn, ${layer}`, "removed")).toBeGreaterThan(
        meanOf(result, `ln, ${layer}`, "removed"),
      );
    expect(new Set(curve(result, "removed during training").map(({ group }) => group))).toEqual(
      new Set(["bn", "ln"]),
    );
    expect(meanOf(result, "none", "mean squared error on test images")).toBeLessThan(0.08);
    expect(existsSync(`${out}/runs/bn-seed0/model.onnx`)).toBe(true);
  });
});

describe("wrong use", () => {
  it("An experiment that does not exist is refused with those that do, and no folder is made", async () => {
    const out = folder.path("nothing");
    await expectUserError(
      () => reproduce("gan-batch", { out }),
      "experiment gan-batch",
      /expected one of blocked-terms, blocked-learning, one-class-batches, /,
    );
    expect(existsSync(out)).toBe(false);
  });
  it("A norm that does not exist is refused", async () => {
    const out = folder.path("nothing");
    await expectUserError(
      () =>
        reproduce("blocked-learning", {
          out, // A caller without types may pass any name.
          norms: ["xn" as never],
        }),
      "norm xn",
      /bn, ln/,
    );
    expect(existsSync(out)).toBe(false);
  });
  it("A norm that standardizes weights is refused", async () => {
    const out = folder.path("weights");
    await expectUserError(
      () => reproduce("blocked-learning", { out, norms: ["ws"] }),
      "norm ws",
      /applies to weights/,
    );
    expect(existsSync(out)).toBe(false);
  });
  it("A setting that does not exist is refused with those that do", async () => {
    const out = folder.path("setting");
    await expectUserError(
      () => reproduce("blocked-learning", { out, overrides: { depth: "3" } }),
      "depth",
      /no such setting, expected one of inputs/,
    );
    expect(existsSync(out)).toBe(false);
  });
  it.each([
    ["1000", /^batch 1000: expected at most the images of a class/],
    ["5000", /^batch 5000: expected at most the 2000 images/],
  ])("A batch of %s images is refused where there are fewer images", (batch, message) =>
    expect(
      reproduce("one-class-batches", {
        ...{
          out: folder.path(`batch${batch}`),
          norms: ["bn"],
          seeds: [0],
          overrides: { batch, epochs: "1" },
        },
      }),
    ).rejects.toThrow(message),
  );
  it("A folder that cannot be made is refused by its path", () =>
    expectUserError(
      () => reproduce("blocked-learning", { out: "/proc/nothing/here" }),
      "/proc/nothing",
      /cannot be made/,
    ));
  it("A missing data set is refused by the path of its file", async () => {
    const options = { out: folder.path("data"), scale: "cpu", dataDir: folder.path("none") } as const;
    const file = folder.path("none/mnist/train-images-idx3-ubyte");
    await expectUserError(() => reproduce("one-class-batches", options), file, /no such file/);
  });
});
