import { UserError } from "../base/errors.js";
import { type Scale, scales } from "./result.js";

/** A kind of setting: how its value is written on a command line. */
export interface Kind<T extends SettingValue> {
  /** What to write, in words: `a whole number from 2`. */
  readonly expected: string;
  /** The value, or undefined where the text is none. */
  read(text: string): T | undefined;
}

export type SettingValue = string | number | boolean | readonly number[];

/** Everything of an experiment that can be set, but for norms and seeds, as it goes into the result. */
export type Settings = Readonly<Record<string, SettingValue>>;

type Kinds = Readonly<Record<string, Kind<SettingValue>>>;

/** The settings of an experiment: which there are, and their values at the scales that it has. */
export interface SettingsTable<S extends Settings = Settings> {
  readonly kinds: { readonly [Name in keyof S]: Kind<S[Name]> };
  readonly scales: Readonly<Partial<Record<Scale, NoInfer<S>>>>;
}

/** The values that settings of these kinds take. */
export type ValuesOf<K extends Kinds> = {
  readonly [Name in keyof K]: K[Name] extends Kind<infer T> ? T : never;
};

/** Settings in place of those of the scale, as text. */
export type Overrides = Readonly<Record<string, string>>;

/** The settings of a scale with some of them overridden. Throws a UserError for a name or a value that is none. */
export function settingsOf<S extends Settings>(
  { kinds, scales }: SettingsTable<S>,
  scale: Scale,
  overrides: Overrides = {},
): S {
  const own = scales[scale];
  if (!own)
    throw new UserError(
      `scale ${scale}: not one of this experiment, expected ${scaleNames({ scales }).join(", ")}`,
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

export const unknownSetting = (name: string, known: readonly string[]): string =>
  `${name}: no such setting, expected one of ${known.join(", ")}`;

/** The scales that an experiment has settings for. */
const scaleNames = (table: Pick<SettingsTable, "scales">): Scale[] =>
  scales.filter((scale) => table.scales[scale] !== undefined);

/** A value as it is written: what its kind reads. */
export const showSetting = (value: SettingValue): string =>
  Array.isArray(value) ? value.join("x") : value === true ? "yes" : value === false ? "no" : String(value);

/** A whole number, at least `least`. */
export const wholeNumber = (least: number): Kind<number> => ({
  expected: `a whole number from ${least}`,
  read: (text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least ? value : undefined;
  },
});

const DECIMAL = /^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A number above 0: a learning rate. */
export const positive: Kind<number> = {
  expected: "a number above 0, such as 0.01 or 1e-3",
  read: (text) =>
    DECIMAL.test(text) && Number(text) > 0 && Number.isFinite(Number(text)) ? Number(text) : undefined,
};

/** A number from 0, below 1: a momentum. */
export const belowOne: Kind<number> = {
  expected: "a number from 0, below 1",
  read: (text) => (DECIMAL.test(text) && Number(text) < 1 ? Number(text) : undefined),
};

/** One of the names. */
export const oneOf = <T extends string>(names: readonly T[]): Kind<T> => ({
  expected: `one of ${names.join(", ")}`,
  read: (text) => names.find((name) => name === text),
});

/** Whether or not. */
export const yesOrNo: Kind<boolean> = {
  expected: "yes or no",
  read: (text) => (text === "yes" || text === "no" ? text === "yes" : undefined),
};

/** The widths of two layers, `256x128`. */
export const twoSizes: Kind<readonly [number, number]> = {
  expected: "two whole numbers from 1, joined by x, such as 64x32",
  read: (text) => {
    const sizes = text.split("x").map((size) => wholeNumber(1).read(size));
    return sizes.length === 2 && sizes.every((size) => size !== undefined)
      ? (sizes as [number, number])
      : undefined;
  },
};
