import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { blindspot } from "../support/blindspot.js";
import { temporaryFolder } from "../support/temporary.js";

const MODEL = "examples/glyphs.onnx";
const MIXED = "examples/mixed.npz";
const ONE_CLASS = "examples/one-class.npz";
const SAMPLES = "examples/samples.npz";

const shell = (command: string) =>
  spawnSync("bash", ["-c", `"${process.execPath}" dist/cli/main.js ${command}`], { encoding: "utf8" });

describe("The command audit", () => {
  it("prints into a pipe a table of at most 100 columns without colours, and nothing to stderr", () => {
    const { code, stdout, stderr } = blindspot("audit", MODEL, "--data", ONE_CLASS);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^bn4 .*blind$/m);
    expect(stdout).not.toContain("\u001b");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(100);
  });

  it("prints only the report with --format json", () => {
    const { code, stdout } = blindspot("audit", MODEL, "--data", MIXED, "--format", "json");
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.schema).toBe("blindspot.audit/2");
    expect(report.layers.map((l: { name: string }) => l.name)).toEqual(["bn1", "bn2", "bn3", "bn4"]);
  });

  it("takes the format from the extension of -o, and leaves no temporary file", () => {
    const folder = temporaryFolder();
    for (const [name, start] of [
      ["report.json", "{"],
      ["report.html", "<!doctype html>"],
      ["report.xml", "<?xml"],
      ["report.txt", "glyphs.onnx"],
    ] as const) {
      expect(blindspot("audit", MODEL, "--data", MIXED, "-o", folder.path(name)).code).toBe(0);
      expect(readFileSync(folder.path(name), "utf8").toLowerCase().startsWith(start)).toBe(true);
    }
    expect(readdirSync(folder.path("."))).toHaveLength(4);
  });

  it("audits only the layers that --layers selects", () => {
    const { stdout } = blindspot("audit", MODEL, "--data", MIXED, "--layers", "bn[34]", "--format", "json");
    expect(JSON.parse(stdout).layers.map((l: { name: string }) => l.name)).toEqual(["bn3", "bn4"]);
  });

  it("writes its graph with --save-graph", () => {
    const file = temporaryFolder().path("graph.onnx");
    expect(blindspot("audit", MODEL, "--data", MIXED, "--save-graph", file).code).toBe(0);
    expect(readFileSync(file).length).toBeGreaterThan(1000);
  });

  it("prints the report and exits with 1 if a condition of --fail-on holds", () => {
    const failing = blindspot("audit", MODEL, "--data", MIXED, "--fail-on", "removed>0.9");
    expect(failing.code).toBe(1);
    expect(failing.stderr).toMatch(/^blindspot: bn4: removed>0\.9 \(0\.9\d+\)\n$/);
    expect(failing.stdout).toContain("bn4");
    expect(blindspot("audit", MODEL, "--data", MIXED, "--fail-on", "removed>2").code).toBe(0);
    expect(blindspot("audit", MODEL, "--data", MIXED, "--fail-on", "removed>2,verdict=blind").code).toBe(0);
    expect(blindspot("audit", MODEL, "--data", ONE_CLASS, "--fail-on", "removed>2,verdict=blind").code).toBe(
      1,
    );
  });

  it("prints the report and exits with 2 if a condition cannot be tested", () => {
    const run = blindspot("audit", MODEL, "--data", MIXED, "--fail-on", "verdict=harmful");
    expect(run.code).toBe(2);
    expect(run.stdout).toContain("bn4");
    expect(run.stderr).toMatch(/the answer is unknown; one batch does not tell it/);
  });

  it("accepts capitals in the extension of -o", () => {
    const file = temporaryFolder().path("REPORT.JSON");
    blindspot("audit", MODEL, "--data", MIXED, "-o", file);
    expect(JSON.parse(readFileSync(file, "utf8")).schema).toBe("blindspot.audit/2");
  });

  it("refuses a report file that cannot be written before it audits", () => {
    const folder = temporaryFolder();
    const graph = folder.path("graph.onnx");
    for (const output of [folder.path("no/report.json"), folder.path(".")]) {
      const run = blindspot("audit", MODEL, "--data", MIXED, "--save-graph", graph, "-o", output);
      expect(run).toMatchObject({ code: 2, stderr: expect.stringContaining(`${output}: cannot be written`) });
      expect(existsSync(graph)).toBe(false);
    }
  });

  it.skipIf(process.platform === "win32")("keeps its exit code if the reader closes the pipe", () => {
    const run = shell(
      `audit ${MODEL} --data ${MIXED} --fail-on 'removed>0.9' | true; exit "\${PIPESTATUS[0]}"`,
    );
    expect(run.status).toBe(1);
    expect(run.stderr).toMatch(/^blindspot: bn4: removed>0\.9 \(0\.9\d+\)\n$/);
  });

  it.skipIf(!existsSync("/dev/full"))("reports a full disk in one line", () => {
    const run = shell(`audit ${MODEL} --data ${MIXED} > /dev/full`);
    expect(run.stderr).toBe("blindspot: standard output: cannot be written (ENOSPC)\n");
    expect(run.status).toBe(2);
  });

  it("changes the verdicts with --thresholds", () => {
    const { stdout } = blindspot(
      "audit",
      MODEL,
      "--data",
      ONE_CLASS,
      "--thresholds",
      "blind.removed=2,blind.blocked=1",
    );
    expect(stdout).toMatch(/^bn4 .*dim$/m);
  });

  it("audits batches, passes shuffled ones and fails those that are worse than --baseline", () => {
    const file = temporaryFolder().path("baseline.json");
    const batches = (how: string, ...rest: string[]) =>
      blindspot("audit", MODEL, "--data", SAMPLES, "--layers", "bn4", "--batches", how, ...rest);
    const shuffled = batches("shuffled:64", "--fail-on", "verdict=harmful,compositionEffect>0.3", "-o", file);
    expect(shuffled).toMatchObject({ code: 0, stderr: "" });
    const oneClass = batches("label:64", "--baseline", file);
    expect(oneClass.code).toBe(1);
    expect(oneClass.stdout).toMatch(/Your batches cost something/);
    expect(oneClass.stderr).toMatch(/^blindspot: batches: worse than .* harmless → harmful/m);
    expect(oneClass.stderr).toMatch(/^blindspot: bn4: worse than .*compositionEffect 0\.\d+ → /m);
  });

  it.each(["--taylor bn4", "--save-graph graph.onnx"])("refuses %s for several batches by name", (option) => {
    const run = blindspot("audit", MODEL, "--data", SAMPLES, "--batches", "size:64", ...option.split(" "));
    expect(run.code).toBe(2);
    expect(run.stderr).toContain(`${option.split(" ")[0]}: expected an audit of one batch`);
  });

  it("refuses --cuts without batches, and --batches for a trace", () => {
    expect(blindspot("audit", MODEL, "--data", MIXED, "--cuts", "2").stderr).toMatch(
      /--cuts: expected together/,
    );
    const trace = blindspot("audit", "trace.npz", "--batches", "size:64");
    expect(trace).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--batches: expected an ONNX model"),
    });
  });
});

describe("The command compare", () => {
  it("prints two reports side by side, as a table or as JSON", () => {
    const folder = temporaryFolder();
    const [a, b] = ["mixed", "one-class"].map((batch) => {
      const file = folder.path(`${batch}.json`);
      blindspot("audit", MODEL, "--data", `examples/${batch}.npz`, "-o", file);
      return file;
    }) as [string, string];
    const { code, stdout } = blindspot("compare", a, b);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^bn4 /m);
    const json = JSON.parse(blindspot("compare", a, b, "--format", "json").stdout);
    expect(json.schema).toBe("blindspot.compare/1");
  });
});

describe("Wrong use and bad input print one line to stderr, nothing to stdout, and set the exit code", () => {
  const folder = temporaryFolder();
  const whole = readFileSync(MODEL);

  const cases: [what: string, code: number, args: string[], says: RegExp][] = [
    ["an unknown command", 2, ["frobnicate"], /unknown command 'frobnicate'/],
    ["a missing file", 2, ["audit"], /missing required argument/],
    ["a missing batch", 2, ["audit", MODEL], /--data/],
    ["an unknown loss", 2, ["audit", MODEL, "--data", MIXED, "--loss", "huber"], /cross-entropy, mse/],
    ["a model that does not exist", 2, ["audit", "nowhere.onnx", "--data", MIXED], /nowhere\.onnx/],
    [
      "a truncated model",
      2,
      ["audit", folder.write("cut.onnx", whole.subarray(0, 4000)), "--data", MIXED],
      /cut\.onnx/,
    ],
    [
      "a file that is not a model",
      2,
      ["audit", folder.write("text.onnx", "hello"), "--data", MIXED],
      /text\.onnx/,
    ],
    [
      "a batch that is not an npz file",
      2,
      ["audit", MODEL, "--data", folder.write("text.npz", "hello")],
      /text\.npz/,
    ],
    [
      "a key that does not exist",
      2,
      ["audit", MODEL, "--data", MIXED, "--input", "x"],
      /"x".*"input", "label"/,
    ],
    ["an unknown layer", 2, ["audit", MODEL, "--data", MIXED, "--layers", "gn*"], /bn1, bn2, bn3, bn4/],
    ["an unknown field", 2, ["audit", MODEL, "--data", MIXED, "--fail-on", "hue>1"], /hue/],
    ["a wrong threshold", 2, ["audit", MODEL, "--data", MIXED, "--thresholds", "blind=1"], /--thresholds/],
    [
      "a folder that does not exist",
      2,
      ["audit", MODEL, "--data", MIXED, "-o", "no/where.json"],
      /no\/where\.json/,
    ],
    ["a trace without layers", 5, ["audit", MIXED], /grad_y/],
    [
      "a precision for a trace",
      2,
      ["audit", "t.npz", "--precision", "float64"],
      /--precision: expected an ONNX model, got the recorded trace t\.npz/,
    ],
    [
      "an empty pattern of layers",
      2,
      ["audit", MODEL, "--data", MIXED, "--layers", ""],
      /expected a pattern that matches a layer/,
    ],
    ["a batch for a trace", 2, ["audit", "trace.safetensors", "--data", MIXED], /--data/],
    ["a comparison of files that are not reports", 2, ["compare", MODEL, MODEL], /glyphs\.onnx/],
  ];
  for (const [what, code, args, says] of cases)
    it(what, () => {
      const run = blindspot(...args);
      expect(run.stderr).toMatch(/^blindspot: [^\n]*\n$/);
      expect(run.stderr).toMatch(says);
      expect({ code: run.code, stdout: run.stdout }).toEqual({ code, stdout: "" });
      expect(existsSync("no")).toBe(false);
    });
});
