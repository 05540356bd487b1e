import picomatch from "picomatch";

/**
 * Tests names of layers and of values against a glob. `*` also matches dots and slashes. An empty glob
 * matches nothing.
 */
export const globMatcher = (glob: string): ((name: string) => boolean) =>
  glob === "" ? () => false : picomatch(glob, { bash: true, dot: true });
