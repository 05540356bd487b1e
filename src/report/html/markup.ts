import { printable } from "../format.js";

/** A piece of HTML. `html` escapes every value that is not one. */
export class Html {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** A value that a template can contain. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

/**
 * Builds HTML from a template. Values are escaped unless they are `Html`, so a name from a model
 * file never becomes markup, neither in text nor in a quoted attribute. Lists are joined. Null,
 * undefined and false are left out.
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

/** Shows a name as code that can be broken after dots, slashes, underscores and colons. */
export function codeName(name: string): Html {
  const parts = name.split(/(?<=[./_:])/);
  return html`<code class="name">${parts.map((part, i) => (i === 0 ? part : html`<wbr>${part}`))}</code>`;
}

/**
 * Writes a value as the content of a `<script type="application/json">`. `<` is escaped, so no
 * string can close the element or open a comment. Invisible characters are escaped, because they
 * could mislead a reader of the source.
 */
export function jsonContent(value: unknown): Html {
  const text = JSON.stringify(value).replace(
    /[<\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return new Html(text);
}
