import { printable } from "../format.js";

/** A piece of HTML. What is not one is text, and `html` escapes it. */
export class Html {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

export type Content = Html | string | number | null | undefined | false | readonly Content[];

/**
 * A template whose values are escaped unless they are `Html` themselves, so that a name from a model file can
 * never become markup, in text or in a quoted attribute. Lists are joined; null, undefined and false vanish.
 */
export function html(strings: TemplateStringsArray, ...values: Content[]): Html {
  let text = strings[0];
  for (const [i, value] of values.entries()) text += render(value) + strings[i + 1];
  return new Html(text);
}

function render(value: Content): string {
  if (value instanceof Html) return value.text;
  if (value === null || value === undefined || value === false) return "";
  if (typeof value === "object") return value.map(render).join("");
  return escapeHtml(printable(String(value)));
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (char) => entities[char]);

/** A name as code that may break after dots, slashes and underscores. */
export function codeName(name: string): Html {
  const parts = name.split(/(?<=[./_:])/);
  return html`<code class="name">${parts.map((part, i) => (i === 0 ? part : html`<wbr>${part}`))}</code>`;
}

/**
 * A value as the content of a `<script type="application/json">`. `<` is written as an escape, so that no string
 * can close the element or open a comment; so are invisible characters, which would mislead who reads the source.
 */
export function jsonContent(value: unknown): Html {
  const text = JSON.stringify(value).replace(
    /[<\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return new Html(text);
}
