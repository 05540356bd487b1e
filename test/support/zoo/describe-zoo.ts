import { describe, expect, it } from "vitest";
import { auditModel } from "../../../src/audit/audit-model.js";
import type { AuditReport } from "../../../src/audit/report/result.js";
import { UserError } from "../../../src/base/errors.js";
import { disagreements, TOLERANCE } from "./compare.js";
import { type ZooModel, zooModels } from "./golden.js";

/**
 * Audits every model of the zoo at one precision and holds the reports against what PyTorch
 * measured.
 */
export function describeZoo(precision: AuditReport["precision"]): void {
  const audit = (zoo: ZooModel) => auditModel(zoo.model, { data: zoo.batch, loss: zoo.loss.kind, precision });
  const models = zooModels();
  const audited = models.filter((zoo) => zoo.error === null);
  const comparable = audited.filter((zoo) => precision === "float32" || !zoo.unchecked.includes("float64"));

  describe(`zoo in ${precision}`, () => {
    it.each(comparable)("$name agrees with PyTorch", async (zoo) => {
      const report = await audit(zoo);
      expect(report.precision).toBe(precision);
      expect(disagreements(report, zoo, TOLERANCE[precision])).toEqual([]);
    });

    it.each(models.filter((zoo) => zoo.error !== null))("$name is refused in one line", async (zoo) => {
      const error = await audit(zoo).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(UserError);
      const { message, exitCode } = error as UserError;
      expect(exitCode).toBe(zoo.error!.exitCode);
      expect(message).toContain(zoo.error!.mentions);
      expect(message).not.toContain("\n");
    });
  });
}
