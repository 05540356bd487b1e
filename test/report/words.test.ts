import { describe, expect, it } from "vitest";
import { explanations } from "../../src/report/words.js";
import { denseNet } from "../support/report-fixture.js";

describe("explanations", () => {
  const layers = (...why: string[][]) => why.map((lines, i) => ({ ...denseNet().layers[i], why: lines }));

  it("say once what at least half of the layers have in common", () => {
    const { own, shared } = explanations(layers(["87 %", "mix classes"], ["91 %", "mix classes"], ["64 %"]));
    expect(own.map(({ lines }) => lines)).toEqual([["87 %"], ["91 %"], ["64 %"]]);
    expect(shared).toMatchObject([{ line: "mix classes", layers: [{}, {}] }]);
  });

  it("leave a number that two of many share by chance with each of them", () => {
    const { own, shared } = explanations(layers(["35 %"], ["35 %"], ["36 %"], ["37 %"], ["38 %"]));
    expect(own.map(({ lines }) => lines)).toEqual([["35 %"], ["35 %"], ["36 %"], ["37 %"], ["38 %"]]);
    expect(shared).toEqual([]);
  });
});
