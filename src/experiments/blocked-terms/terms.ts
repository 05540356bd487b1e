/**
 * The Taylor terms of a loss: first order, the diagonal of the second order, its off-diagonal part,
 * and all higher orders together.
 */
export const terms = ["first", "diag", "off", "higher"] as const;
export type TermName = (typeof terms)[number];

/** One value for each term. */
export type ByTerm<T> = Readonly<Record<TermName, T>>;

/** Computes one value for each term. */
export const byTerm = <T>(of: (term: TermName) => T): ByTerm<T> => ({
  first: of("first"),
  diag: of("diag"),
  off: of("off"),
  higher: of("higher"),
});

/** The names of the terms in reports. */
export const termTitles: ByTerm<string> = {
  first: "first order",
  diag: "second, diagonal",
  off: "second, off-diagonal",
  higher: "higher orders",
};
