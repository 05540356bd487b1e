import { describe, expect, it } from "vitest";
import { explanations } from "../../src/report/sentences.js";
import { denseNet } from "../support/report-fixture.js";

describe("The explanations of several layers", () => {
  const layers = (...why: string[][]) => why.map((lines, i) => ({ ...denseNet().layers[i], why: lines }));

  it("print a sentence once if at least half of the layers have it", () => {
    const { own, shared } = explanations(layers(["87 %", "mix classes"], ["91 %", "mix classes"], ["64 %"]));
    expect(own.map(({ lines }) => lines)).toEqual([["87 %"], ["91 %"], ["64 %"]]);
    expect(shared).toMatchObject([{ line: "mix classes", layers: [{}, {}] }]);
  });

  it("keep a number with each layer if only two of many layers have it", () => {
    const { own, shared } = explanations(layers(["35 %"], ["35 %"], ["36 %"], ["37 %"], ["38 %"]));
    expect(own.map(({ lines }) => lines)).toEqual([["35 %"], ["35 %"], ["36 %"], ["37 %"], ["38 %"]]);
    expect(shared).toEqual([]);
  });
});
