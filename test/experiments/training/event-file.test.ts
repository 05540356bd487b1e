import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { EventFile, tfRecord } from "../../../src/experiments/training/event-file.js";
import { temporaryFolder } from "../../support/temporary.js";

const folder = temporaryFolder();

/**
 * Written by the RecordWriter and Event of TensorBoard 2.21 from the same data, at the time
 * 1700000000.5.
 */
const RECORD = "0e00000000000000c5e5693f68656c6c6f2c207265636f7264734ab0ea95";
const VERSION = "1800000000000000a37f4b220900002040fc54d9411a0d627261696e2e4576656e743a322b353110";
const STEP_300 =
  "2e00000000000000c5cb57fa0900002040fc54d94110ac022a200a0b0a046c6f7373150000803e0a110a0a72656d6f7665642f626e150000c03f440ef886";
const step300 = { step: 300, loss: 0.25, "removed/bn": 1.5 };

describe("TensorBoard event files", () => {
  beforeAll(() => {
    vi.useFakeTimers({ now: 1_700_000_000_500, toFake: ["Date"] });
  });
  afterAll(() => {
    vi.useRealTimers();
  });
  const hex = (name: string) => readFileSync(folder.path(name)).toString("hex");

  it("A record has the bytes that TensorBoard writes", () => {
    expect(tfRecord(Buffer.from("hello, records")).toString("hex")).toBe(RECORD);
  });

  it("The version and the numbers of a step have the bytes that TensorBoard writes", () => {
    const file = new EventFile(folder.path("whole"));
    file.restart(-1);
    file.append([step300]);
    expect(hex("whole")).toBe(VERSION + STEP_300);
  });

  it("A restart at a step keeps each record up to that step once", () => {
    const file = new EventFile(folder.path("resumed"));
    file.restart(-1);
    file.append([{ step: 0, accuracy: 0.5 }, step300]);
    const kept = hex("resumed");
    file.append([{ step: 301, loss: 3 }]);
    file.restart(300);
    expect(hex("resumed")).toBe(kept);
    file.restart(300);
    expect(hex("resumed")).toBe(kept);
    file.restart(-1);
    expect(hex("resumed")).toBe(VERSION);
  });

  it.each([1, 11, 12, 40, 61])("A record of which only %i bytes were written is dropped", (bytes) => {
    folder.write("torn", Buffer.from(VERSION + STEP_300 + STEP_300.slice(0, 2 * bytes), "hex"));
    new EventFile(folder.path("torn")).restart(1000);
    expect(hex("torn")).toBe(VERSION + STEP_300);
  });

  it("A damaged record and all records after it are dropped", () => {
    const bytes = Buffer.from(VERSION + STEP_300 + STEP_300, "hex");
    bytes[VERSION.length / 2 + STEP_300.length / 2 + 20] ^= 1;
    folder.write("damaged", bytes);
    new EventFile(folder.path("damaged")).restart(1000);
    expect(hex("damaged")).toBe(VERSION + STEP_300);
  });

  it("A file of another format is replaced", () => {
    folder.write("other", "not records at all, but long enough");
    new EventFile(folder.path("other")).restart(5);
    expect(hex("other")).toBe(VERSION);
  });
});
