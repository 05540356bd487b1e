/**
 * A strict little XML reader for tests: throws unless the text is well-formed (no DTD, no
 * namespaces).
 */

export interface XmlElement {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlElement[];
  text: string;
}

const token =
  /<\?[^?]*\?>|<!--(?:(?!--)[\s\S])*-->|<\/([\w:-]+)\s*>|<([\w:-]+)((?:\s+[\w:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y;

/** The document as an element without a name; its children are the root element. */
export function parseXml(text: string): XmlElement {
  const document = element("", {});
  const open = [document];
  for (token.lastIndex = 0; token.lastIndex < text.length; ) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new Error(`not well-formed at ${at}: ${text.slice(at, at + 60)}`);
    const [whole, closing, opening, attributes, empty] = match;
    const current = open.at(-1)!;
    if (closing !== undefined) {
      if (current.name !== closing) throw new Error(`</${closing}> closes <${current.name}> at ${at}`);
      open.pop();
    } else if (opening !== undefined) {
      const child = element(opening, readAttributes(attributes ?? ""));
      current.children.push(child);
      if (empty === "") open.push(child);
    } else if (!whole.startsWith("<")) current.text += decode(whole);
  }
  if (open.length > 1) throw new Error(`<${open.at(-1)!.name}> is not closed`);
  if (document.children.length !== 1) throw new Error(`${document.children.length} root elements`);
  return document;
}

const element = (name: string, attributes: Record<string, string>): XmlElement => ({
  name,
  attributes,
  children: [],
  text: "",
});

function readAttributes(text: string): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [, name, quoted] of text.matchAll(/([\w:-]+)\s*=\s*("[^"]*"|'[^']*')/g)) {
    if (name in attributes) throw new Error(`attribute ${name} twice`);
    attributes[name] = decode(quoted.slice(1, -1));
  }
  return attributes;
}

const entities: Record<string, string> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function decode(text: string): string {
  const illegal = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.exec(text);
  if (illegal !== null) throw new Error(`character ${illegal[0].codePointAt(0)} is not allowed in XML`);
  return text.replace(/&(?:#(\d+)|(\w+));|&/g, (whole, code: string, name: string) => {
    const char = code === undefined ? entities[name] : String.fromCodePoint(Number(code));
    if (char === undefined) throw new Error(`unknown entity ${whole}`);
    return char;
  });
}
