/** The Taylor terms of a loss: first order, the diagonal of the second, the rest of it, all above. */
export const terms = ["first", "diag", "off", "higher"] as const;
export type TermName = (typeof terms)[number];

export type ByTerm<T> = Readonly<Record<TermName, T>>;

export const byTerm = <T>(of: (term: TermName) => T): ByTerm<T> => ({
  first: of("first"),
  diag: of("diag"),
  off: of("off"),
  higher: of("higher"),
});

/** As one says them. */
export const termTitles: ByTerm<string> = {
  first: "first order",
  diag: "second, diagonal",
  off: "second, off-diagonal",
  higher: "higher orders",
};
