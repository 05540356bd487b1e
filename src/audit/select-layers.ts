import { UserError } from "../base/errors.js";
import { globMatcher } from "../base/glob.js";

/** A message lists at most this many layer names. */
const SHOWN = 20;

/**
 * Selects the layers whose name matches a glob, in their order; all layers without a glob. In the
 * glob, `*` also matches dots and slashes.
 * @throws UserError if no layer matches. The message lists the layers.
 */
export function selectLayers<T extends { readonly name: string }>(
  layers: readonly T[],
  glob: string | undefined,
  file: string,
): T[] {
  if (glob === undefined) return [...layers];
  const matches = globMatcher(glob);
  const selected = layers.filter(({ name }) => matches(name));
  if (selected.length === 0)
    throw new UserError(
      `${file}: --layers: expected a pattern that matches a layer, got '${glob}'; the layers are ${listed(layers)}`,
    );
  return selected;
}

/**
 * Checks that the layer that `--taylor` names is among the selected ones.
 * @throws UserError if it is not. The message lists the selected layers.
 */
export function checkLayerName(
  layers: readonly { readonly name: string }[],
  name: string,
  file: string,
): void {
  if (!layers.some((layer) => layer.name === name))
    throw new UserError(
      `${file}: --taylor: expected the name of an audited layer, got '${name}'; the audited layers are ${listed(layers)}`,
    );
}

function listed(layers: readonly { readonly name: string }[]): string {
  const names = layers.slice(0, SHOWN).map(({ name }) => name);
  const more = layers.length > SHOWN ? `, and ${layers.length - SHOWN} more` : "";
  return `${names.join(", ")}${more}`;
}
