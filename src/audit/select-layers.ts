import picomatch from "picomatch";
import { UserError } from "../base/errors.js";

/** Longest list of names in a message. */
const SHOWN = 20;

/**
 * The layers whose name matches the glob, in order; all without a glob. `*` stands for any characters, dots
 * and slashes too. Throws a UserError that lists the layers if none matches.
 */
export function selectLayers<T extends { readonly name: string }>(
  layers: readonly T[],
  glob: string | undefined,
  file: string,
): T[] {
  if (glob === undefined) return [...layers];
  const matches = glob === "" ? () => false : picomatch(glob, { bash: true, dot: true });
  const selected = layers.filter(({ name }) => matches(name));
  if (selected.length === 0)
    throw new UserError(`${file}: --layers '${glob}' matches no layer; there are ${listed(layers)}`);
  return selected;
}

/** Throws a UserError that lists the layers unless one of them has the name that `--taylor` gives. */
export function checkLayerName(
  layers: readonly { readonly name: string }[],
  name: string,
  file: string,
): void {
  if (!layers.some((layer) => layer.name === name))
    throw new UserError(
      `${file}: --taylor '${name}' is no layer that is measured; there are ${listed(layers)}`,
    );
}

function listed(layers: readonly { readonly name: string }[]): string {
  const names = layers.slice(0, SHOWN).map(({ name }) => name);
  const more = layers.length > SHOWN ? `, and ${layers.length - SHOWN} more` : "";
  return `${names.join(", ")}${more}`;
}
