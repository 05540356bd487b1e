/**
 * Splits a transpose into steps that ONNX Runtime runs fast. The runtime is fast where one axis
 * moves. Where several axes move at once, it copies element by element. So axes that stay
 * neighbours are merged first, and then one axis is moved after another.
 */

export interface TransposePlan {
  /** The shape after neighbouring axes are merged. */
  readonly merged: readonly number[];
  /** Permutations of the merged axes, to be applied in turn. Each moves one axis. */
  readonly moves: readonly (readonly number[])[];
}

/**
 * A plan for the transpose of a tensor of `shape` whose result has axis `perm[i]` as its axis i.
 */
export function planTranspose(shape: readonly number[], perm: readonly number[]): TransposePlan {
  // Runs of axes that stay neighbours. Axes of size 1 may lie between them.
  const runs: number[][] = [];
  let last: number | undefined;
  for (const axis of perm.filter((a) => shape[a] !== 1)) {
    const follows = last !== undefined && axis > last && between(shape, last, axis);
    if (follows) runs.at(-1)!.push(axis);
    else runs.push([axis]);
    last = axis;
  }
  const sources = [...runs].sort((a, b) => a[0] - b[0]);
  const merged = sources.map((run) => run.reduce((size, axis) => size * shape[axis], 1));
  return { merged, moves: singleMoves(runs.map((run) => sources.indexOf(run))) };
}

/** Whether all axes strictly between `a` and `b` have size 1. */
function between(shape: readonly number[], a: number, b: number): boolean {
  return shape.slice(a + 1, b).every((size) => size === 1);
}

/**
 * Most merged axes for which single moves are searched. With more axes the search takes too long.
 */
const SEARCHED = 5;

/** The shortest sequence of single-axis moves that composes to `perm`. */
function singleMoves(perm: readonly number[]): readonly (readonly number[])[] {
  const start = perm.map((_, i) => i);
  const goal = perm.join();
  if (start.join() === goal) return [];
  if (perm.length > SEARCHED) return [perm];
  const seen = new Set([start.join()]);
  let frontier: { readonly order: readonly number[]; readonly moves: readonly (readonly number[])[] }[] = [
    { order: start, moves: [] },
  ];
  for (;;) {
    const next: typeof frontier = [];
    for (const { order, moves } of frontier)
      for (const from of start)
        for (const to of start) {
          if (from === to) continue;
          const move = start.toSpliced(from, 1).toSpliced(to, 0, from);
          const moved = move.map((i) => order[i]);
          if (moved.join() === goal) return [...moves, move];
          if (!seen.has(moved.join())) {
            seen.add(moved.join());
            next.push({ order: moved, moves: [...moves, move] });
          }
        }
    frontier = next;
  }
}
