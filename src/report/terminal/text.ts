import { printable } from "../format.js";

/**
 * Text layout in terminal columns. Names come from model files; some of their letters take two
 * columns.
 */

const zeroWidth = /[\p{Mn}\p{Me}\p{Cf}]/u;
const doubleWidth =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\uff01-\uff60]/u;

/** The number of terminal columns that `text` takes. */
export function width(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  let columns = 0;
  for (const char of text) columns += zeroWidth.test(char) ? 0 : doubleWidth.test(char) ? 2 : 1;
  return columns;
}

export const padEnd = (text: string, columns: number): string =>
  text + " ".repeat(Math.max(0, columns - width(text)));

export const padStart = (text: string, columns: number): string =>
  " ".repeat(Math.max(0, columns - width(text))) + text;

/**
 * Shortens names to at most `columns` each. Numbers tell the module paths of layers apart, so the
 * words before them are cut, to the same length in all names (`f….d…4.d…16.norm2`). A name that is
 * still too long is cut in the middle.
 */
export function shortenNames(names: readonly string[], columns: number): string[] {
  for (let letters = Math.max(...names.map((name) => name.length), 1); letters > 0; letters--) {
    const cut = names.map((name) => (width(name) <= columns ? name : shortenPath(name, letters)));
    if (cut.every((name) => width(name) <= columns)) return cut;
  }
  return names.map((name) => shorten(name, columns));
}

/**
 * Cuts each part of a dotted or slashed path, except the last, to `letters` letters before its
 * number.
 */
function shortenPath(path: string, letters: number): string {
  return path.replace(/([^./]+?)(\d*)(?=[./])/g, (part: string, word: string, number: string) =>
    word.length <= letters + 1 ? part : `${word.slice(0, letters)}…${number}`,
  );
}

/**
 * Cuts `text` in the middle to at most `columns`. More of the end is kept than of the beginning.
 */
function shorten(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  const chars = [...text];
  const tail = take(chars.toReversed(), Math.ceil((columns - 1) * 0.6)).toReversed();
  const head = take(chars, columns - 1 - width(tail.join("")));
  return `${head.join("")}…${tail.join("")}`;
}

/** The longest beginning of `chars` that fits `columns`. */
function take(chars: readonly string[], columns: number): string[] {
  let used = 0;
  const end = chars.findIndex((char) => {
    used += width(char);
    return used > columns;
  });
  return chars.slice(0, end < 0 ? chars.length : end);
}

/**
 * Breaks `text` into lines of at most `columns`. The first line follows `first`; the others are
 * indented to match.
 */
export function wrap(text: string, columns: number, first = ""): string {
  const indent = " ".repeat(width(first));
  const lines: string[] = [];
  let line = "";
  for (const word of printable(text)
    .replace(/(\d) %/g, `$1${NO_BREAK}%`)
    .split(/ +/)
    .flatMap(pieces(columns - indent.length))) {
    if (line !== "" && width(line) + 1 + width(word) > columns - indent.length) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  lines.push(line);
  return lines.map((l, i) => (i === 0 ? first : indent) + l.replaceAll(NO_BREAK, " ")).join("\n");
}

/** Marks a short phrase so that `wrap` keeps it on one line. */
export const unbroken = (phrase: string): string =>
  width(phrase) <= 40 ? phrase.replaceAll(" ", NO_BREAK) : phrase;

const NO_BREAK = "\u00a0";

/** Cuts a word that is wider than a line. */
const pieces =
  (columns: number) =>
  (word: string): string[] => {
    const parts: string[] = [];
    let rest = [...word];
    do {
      const part = take(rest, columns);
      parts.push(part.join(""));
      rest = rest.slice(Math.max(1, part.length));
    } while (rest.length > 0);
    return parts;
  };
