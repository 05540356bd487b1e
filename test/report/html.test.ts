import { describe, expect, test } from "vitest";
import { parseAuditReport } from "../../src/audit/compare.js";
import { auditHtml } from "../../src/report/html/index.js";
import { style } from "../../src/report/html/style.js";
import { findAll, type HtmlElement, parseHtml, textOf } from "../support/html.js";
import {
  auditReport,
  autoencoder,
  denseNet,
  hostile,
  mlpMixed,
  mlpOneClass,
} from "../support/report-fixture.js";

const reports = {
  mlp: mlpOneClass(),
  autoencoder: autoencoder(),
  "121 layers": denseNet({ channels: 16 }),
  hostile: hostile(),
  empty: auditReport([]),
};
const pages = Object.entries(reports).map(([name, report]) => {
  const text = auditHtml(report);
  return { name, report, text, page: parseHtml(text) };
});
const withClass = (name: string) => (element: HtmlElement) =>
  (element.attributes.class ?? "").split(" ").includes(name);

describe.each(pages)("The HTML page of $name", ({ report, text, page }) => {
  test("loads nothing", () => {
    const foreign = ["link", "img", "iframe", "object", "embed", "base"];
    const loading = /^(src|srcset|data|poster|action|background|xlink:href|on.*)$/;
    const offenders = findAll(
      page,
      ({ name, attributes }) =>
        foreign.includes(name) ||
        Object.keys(attributes).some((attribute) => loading.test(attribute)) ||
        !(attributes.href ?? "#").startsWith("#"),
    );
    expect(offenders).toEqual([]);
    const styles = findAll(page, "style").map((element) => element.children.join(""));
    expect(styles.join("")).not.toMatch(/url\(|@import/);
    const policy = findAll(page, "meta").find((m) => m.attributes["http-equiv"] !== undefined);
    expect(policy?.attributes.content).toMatch(/^default-src 'none';/);
  });

  test("has one h1, no skipped heading level, a language, a title and unique ids", () => {
    const levels = findAll(page, ({ name }) => /^h[1-6]$/.test(name)).map(({ name }) => Number(name[1]));
    expect(levels.filter((level) => level === 1)).toHaveLength(1);
    for (const [i, level] of levels.entries())
      if (i > 0) expect(level - levels[i - 1]).toBeLessThanOrEqual(1);
    expect(findAll(page, "html")[0].attributes.lang).toBe("en");
    expect(textOf(findAll(page, "title")[0])).not.toBe("");
    const ids = findAll(page, ({ attributes }) => "id" in attributes).map(({ attributes }) => attributes.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("has no link or label without a target", () => {
    const elements = findAll(page, () => true).map(({ attributes }) => attributes);
    const ids = new Set(elements.map(({ id }) => id));
    const targets = elements.flatMap((a) => [a.href?.slice(1), a["aria-labelledby"]]);
    expect(targets.filter((target) => target !== undefined && !ids.has(target))).toEqual([]);
  });

  test("gives tables captions and scoped headings, and pictures a text unless they are hidden from readers", () => {
    const tables = findAll(page, "table");
    expect(tables.filter((table) => findAll(table, "caption").length !== 1)).toEqual([]);
    const headings = findAll(page, "th").map(({ attributes }) => attributes.scope);
    expect(headings.filter((scope) => scope !== "row" && scope !== "col")).toEqual([]);
    // An svg with an x attribute is a mark inside a picture.
    const pictures = findAll(page, (e) => e.name === "svg" && !("x" in e.attributes)).filter(
      ({ attributes: a }) => a["aria-hidden"] !== "true" && !(a.role === "img" && a["aria-label"]),
    );
    expect(pictures).toEqual([]);
  });

  test("lists every layer by its name, in the table and in the details", () => {
    const clean = report.layers.map(({ name }) => name.replace(/[\p{Cc}\u202e]/gu, "\ufffd"));
    const rows = findAll(page, (element) => "data-index" in element.attributes);
    expect(rows.map(({ attributes }) => attributes["data-name"])).toEqual(clean);
    expect(rows.map((row) => textOf(findAll(row, "code")[0]))).toEqual(clean);
    const details = findAll(page, withClass("layer"));
    expect(details.map((element) => textOf(findAll(element, "h3")[0]))).toEqual(clean);
  });

  test("gives every row of the layer table the columns of the head, even those that narrow screens hide", () => {
    const columns = (row: HtmlElement) =>
      row.children.flatMap((cell) =>
        typeof cell === "string" ? [] : cell.attributes.class.replace(/ quiet| unmeasured/, ""),
      );
    const [head, ...rows] = findAll(findAll(page, withClass("layers"))[0], "tr").map(columns);
    expect(head).toHaveLength(10);
    for (const row of rows) expect(row).toEqual(head);
  });

  test("contains the report as valid JSON", () => {
    const json = findAll(page, ({ attributes }) => attributes.id === "report")[0].children.join("");
    expect(json).not.toContain("<");
    const embedded = parseAuditReport(json, "page");
    expect(embedded.summary).toEqual(report.summary);
    expect(embedded.layers.map(({ shares, why, name }) => ({ shares, why, name }))).toEqual(
      report.layers.map(({ shares, why, name }) => ({ shares, why, name })),
    );
  });

  test("shows no NaN, undefined or infinity, and no control characters", () => {
    expect(/NaN|undefined|Infinity|\[object/.exec(textOf(page))).toBeNull();
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the test looks for control characters
    expect(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/.exec(text)).toBeNull();
  });
});

describe("The content of the page", () => {
  const page = parseHtml(auditHtml(mlpOneClass()));
  const row = findAll(page, ({ attributes }) => attributes["data-name"] === "bn2")[0];

  test("shows the numbers of a layer as text in its row", () => {
    const numbers = findAll(row, withClass("c-num")).map(textOf);
    expect(numbers).toEqual(["0.575", "0.031", "0.959", "0.500", "0.214", "0.29"]);
    expect(textOf(row)).toContain("blind");
  });

  test("places the marks where the axes require", () => {
    // The axis goes from 0.01 to 1, so 0.574615 lies at 1 + log10(0.574615)/2.
    const at = (mark: string): number[] =>
      findAll(row, "svg")
        .filter((svg) => findAll(svg, "use").length === 1 && "x" in svg.attributes)
        .filter((svg) => findAll(svg, "use")[0].attributes.href === `#m-${mark}`)
        .map((svg) => Number.parseFloat(svg.attributes.x));
    expect(at("blind")[0]).toBeCloseTo(100 * (1 + Math.log10(0.574615) / 2), 2);
    expect(at("first")[0]).toBeCloseTo(100 * (1 + Math.log10(0.34619) / 2), 2);
    expect(at("diag")[0]).toBeCloseTo(100 * (1 + Math.log10(0.228425) / 2), 2);
    expect(at("kept")[0]).toBeCloseTo(21.445, 2);
    const removed = findAll(row, withClass("removed"))[0];
    expect(Number.parseFloat(removed.attributes.width)).toBeCloseTo(95.926, 2);
  });

  test("explains every number of a layer and gives its formula", () => {
    const details = findAll(page, withClass("layer"))[1];
    const quantities = findAll(details, withClass("quantities")).flatMap((table) => findAll(table, "tbody"));
    const rows = quantities.flatMap((body) => findAll(body, "tr"));
    expect(rows.length).toBeGreaterThan(15);
    for (const r of rows) {
      expect(textOf(findAll(r, withClass("value"))[0])).not.toBe("");
      expect(textOf(findAll(r, withClass("formula"))[0])).not.toBe("");
    }
  });

  test("counts in the histogram every channel that gets a gradient", () => {
    const report = mlpMixed();
    report.layers[0].channels.energy[3] = 0;
    const details = findAll(parseHtml(auditHtml(report)), withClass("layer"))[0];
    expect(textOf(details)).toContain("1 channel of 128 gets no gradient and is left out");
    const picture = findAll(details, withClass("histogram")).flatMap((figure) => findAll(figure, "svg"))[0];
    expect(picture.attributes["aria-label"]).toMatch(/^Histogram of the blocked share of 127 channels: /);
  });

  test("stays small for many layers with many channels", () => {
    const short = auditHtml(denseNet({ channels: 64 })).length;
    expect(short).toBeLessThan(2.5e6);
    const perChannel = (auditHtml(denseNet({ channels: 1024 })).length - short) / (121 * 960);
    expect(perChannel).toBeLessThan(40);
  });
});

describe("The colours of the page", () => {
  const [light, dark] = [...style.matchAll(/--page:[^}]*/g)].map(([tokens]) =>
    Object.fromEntries([...tokens.matchAll(/--([\w-]+):(#\w+)/g)].map(([, name, value]) => [name, value])),
  );

  test.each([
    ["light", light],
    ["dark", dark],
  ])("give text and marks enough contrast in the %s theme", (_, tokens) => {
    for (const surface of ["page", "surface"]) {
      for (const text of ["ink", "quiet", "link", "blind", "dim", "clear"])
        expect(contrast(tokens[text], tokens[surface]), `${text} on ${surface}`).toBeGreaterThanOrEqual(4.5);
      for (const shape of ["first", "diag", "bar"])
        expect(contrast(tokens[shape], tokens[surface]), `${shape} on ${surface}`).toBeGreaterThanOrEqual(3);
    }
  });
});

/** Contrast ratio of two colours as WCAG 2 defines it. */
function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

function luminance(hex: string): number {
  const digits = hex.length === 4 ? [...hex.slice(1)].map((d) => d + d) : hex.slice(1).match(/../g)!;
  const [r, g, b] = digits.map((pair) => {
    const c = Number.parseInt(pair, 16) / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
