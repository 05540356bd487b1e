/**
 * A strict little HTML reader for tests: throws unless every element is closed where it should be.
 */

export interface HtmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: (HtmlElement | string)[];
}

const voidElements = new Set(["meta", "br", "wbr", "input", "link", "img", "hr"]);
/** Their content is text up to the closing tag, whatever it looks like. */
const rawElements = new Set(["script", "style", "title", "textarea"]);

const token = /<!doctype html>|<\/([\w-]+)>|<([\w-]+)((?:\s+[\w:-]+(?:="[^"]*")?)*)\s*(\/?)>|[^<]+/iy;

export function parseHtml(text: string): HtmlElement {
  const document: HtmlElement = { name: "", attributes: {}, children: [] };
  const open = [document];
  for (let at = 0; at < text.length; ) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null) throw new Error(`not HTML at ${at}: ${text.slice(at, at + 80)}`);
    at = token.lastIndex;
    const [whole, closing, opening, attributes, empty] = match;
    const current = open.at(-1)!;
    if (closing !== undefined) {
      if (current.name !== closing) throw new Error(`</${closing}> closes <${current.name}> at ${at}`);
      open.pop();
    } else if (opening !== undefined) {
      const element: HtmlElement = {
        name: opening,
        attributes: readAttributes(attributes ?? ""),
        children: [],
      };
      current.children.push(element);
      if (rawElements.has(opening)) {
        const end = text.indexOf(`</${opening}`, at);
        if (end < 0) throw new Error(`<${opening}> is not closed`);
        element.children.push(text.slice(at, end));
        at = end + `</${opening}>`.length;
      } else if (empty === "" && !voidElements.has(opening)) open.push(element);
    } else if (!whole.startsWith("<")) current.children.push(decode(whole));
  }
  if (open.length > 1) throw new Error(`<${open.at(-1)!.name}> is not closed`);
  return document;
}

/** All elements below `root` in document order that match. */
export function findAll(
  root: HtmlElement,
  matches: string | ((element: HtmlElement) => boolean),
): HtmlElement[] {
  const test = typeof matches === "string" ? ({ name }: HtmlElement) => name === matches : matches;
  return root.children.flatMap((child) =>
    typeof child === "string" ? [] : [...(test(child) ? [child] : []), ...findAll(child, test)],
  );
}

/** The text inside an element, without scripts and styles. */
export function textOf(element: HtmlElement): string {
  return element.children
    .map((child) =>
      typeof child === "string" ? child : ["script", "style"].includes(child.name) ? "" : textOf(child),
    )
    .join("");
}

function readAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/([\w:-]+)(?:="([^"]*)")?/g)) {
    if (name in attributes) throw new Error(`attribute ${name} twice in ${text}`);
    attributes[name] = decode(value ?? "");
  }
  return attributes;
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };

function decode(text: string): string {
  return text.replace(/&([#\w]+);|&/g, (whole, name: string) => {
    if (entities[name] === undefined) throw new Error(`unknown entity ${whole}`);
    return entities[name];
  });
}
