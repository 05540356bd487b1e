import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelProtoSchema, StringStringEntryProtoSchema, TensorProto_DataLocation } from "onnx-buf";
import { afterAll, expect, it } from "vitest";
import { auditModel } from "../../../src/audit/audit-model.js";
import { disagreements, TOLERANCE } from "../../support/zoo/compare.js";
import { zooModels } from "../../support/zoo/golden.js";

const folder = mkdtempSync(join(tmpdir(), "blindspot-zoo-"));
afterAll(() => rmSync(folder, { recursive: true }));

it("a model whose weights lie in a file beside it gives the same report", async () => {
  const zoo = zooModels().find(({ name }) => name === "resnet")!;
  const model = join(folder, "model.onnx");
  moveWeightsOut(zoo.model, model, "weights.bin");
  const report = await auditModel(model, { data: zoo.batch, loss: zoo.loss.kind });
  expect(disagreements(report, zoo, TOLERANCE.float32)).toEqual([]);
});

/**
 * Copies a model with all initializers moved to `dataFile` in the same folder, as large exports
 * have them.
 */
function moveWeightsOut(source: string, destination: string, dataFile: string): void {
  const model = fromBinary(ModelProtoSchema, readFileSync(source));
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (const tensor of model.graph!.initializer) {
    const bytes = tensor.rawData;
    const location = { location: dataFile, offset: String(offset), length: String(bytes.length) };
    tensor.externalData = Object.entries(location).map(([key, value]) =>
      create(StringStringEntryProtoSchema, { key, value }),
    );
    tensor.dataLocation = TensorProto_DataLocation.EXTERNAL;
    tensor.rawData = new Uint8Array();
    chunks.push(bytes);
    offset += bytes.length;
  }
  writeFileSync(join(folder, dataFile), Buffer.concat(chunks));
  writeFileSync(destination, toBinary(ModelProtoSchema, model));
}
