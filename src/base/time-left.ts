/** Writes how long work still takes, rounded up: `12 s`, `3 min`. */
export const timeLeft = (seconds: number): string =>
  seconds < 90 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
