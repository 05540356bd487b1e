import { UserError } from "../base/errors.js";
import { type Scale, scales } from "./result.js";

/** A kind of setting: how the command line writes its value. */
export interface Kind<T extends SettingValue> {
  /** What to write, in words, such as `a whole number from 2`. */
  readonly expected: string;
  /** The value of a text; undefined where the text is not a value of this kind. */
  read(text: string): T | undefined;
}

export type SettingValue = string | number | boolean | readonly number[];

/**
 * The values of all settings of an experiment, as in its result. Norms and seeds are not settings.
 */
export type Settings = Readonly<Record<string, SettingValue>>;

type Kinds = Readonly<Record<string, Kind<SettingValue>>>;

/** The settings of an experiment: the kind of each setting, and the values at each scale. */
export interface SettingsTable<S extends Settings = Settings> {
  readonly kinds: { readonly [Name in keyof S]: Kind<S[Name]> };
  readonly scales: Readonly<Partial<Record<Scale, NoInfer<S>>>>;
}

/** The type of the values of settings of these kinds. */
export type ValuesOf<K extends Kinds> = {
  readonly [Name in keyof K]: K[Name] extends Kind<infer T> ? T : never;
};

/** Settings that replace those of the scale, as text. */
export type Overrides = Readonly<Record<string, string>>;

/**
 * The settings of a scale, with the overridden values in their place.
 *
 * @throws UserError where the experiment lacks the scale or a setting, or a text is not a value of
 * its kind.
 */
export function settingsOf<S extends Settings>(
  { kinds, scales }: SettingsTable<S>,
  scale: Scale,
  overrides: Overrides = {},
): S {
  const own = scales[scale];
  if (!own)
    throw new UserError(
      `scale ${scale}: this experiment lacks the scale, expected ${scaleNames({ scales }).join(", ")}`,
    );
  const read = Object.entries(overrides).map(([name, text]) => {
    if (!Object.hasOwn(kinds, name)) throw new UserError(unknownSetting(name, Object.keys(kinds)));
    const kind = kinds[name as keyof S];
    const value = kind.read(text);
    if (value === undefined) throw new UserError(`${name}=${text}: expected ${kind.expected}`);
    return [name, value] as const;
  });
  return { ...own, ...Object.fromEntries(read) };
}

/** The message for a setting that does not exist. */
export const unknownSetting = (name: string, known: readonly string[]): string =>
  `${name}: no such setting, expected one of ${known.join(", ")}`;

/** The scales that an experiment has settings for. */
const scaleNames = (table: Pick<SettingsTable, "scales">): Scale[] =>
  scales.filter((scale) => table.scales[scale] !== undefined);

/** The text of a value, which its kind reads back. */
export const showSetting = (value: SettingValue): string =>
  Array.isArray(value) ? value.join("x") : value === true ? "yes" : value === false ? "no" : String(value);

/** A whole number of at least `least`. */
export const wholeNumber = (least: number): Kind<number> => ({
  expected: `a whole number from ${least}`,
  read: (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least ? value : undefined;
  },
});

const DECIMAL = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A number above 0, such as a learning rate. */
export const positive: Kind<number> = {
  expected: "a number above 0, such as 0.01 or 1e-3",
  read: (text) =>
    DECIMAL.test(text) && Number(text) > 0 && Number.isFinite(Number(text)) ? Number(text) : undefined,
};

/** A number from 0 to below 1, such as a momentum. */
export const belowOne: Kind<number> = {
  expected: "a number from 0 to below 1",
  read: (text) => (DECIMAL.test(text) && Number(text) < 1 ? Number(text) : undefined),
};

/** One of the names. */
export const oneOf = <T extends string>(names: readonly T[]): Kind<T> => ({
  expected: `one of ${names.join(", ")}`,
  read: (text) => names.find((name) => name === text),
});

/** A yes or a no. */
export const yesOrNo: Kind<boolean> = {
  expected: "yes or no",
  read: (text) => (text === "yes" || text === "no" ? text === "yes" : undefined),
};

/** The widths of two layers, such as `256x128`. */
export const twoSizes: Kind<readonly [number, number]> = {
  expected: "two whole numbers from 1, joined by x, such as 64x32",
  read: (text) => {
    const sizes = text.split("x").map((size) => wholeNumber(1).read(size));
    return sizes.length === 2 && sizes.every((size) => size !== undefined)
      ? (sizes as [number, number])
      : undefined;
  },
};
