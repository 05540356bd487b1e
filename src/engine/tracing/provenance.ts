import { linearTracePrototypeOf, recorderOf } from "./jax-internals.js";
import { callers, type SourceLine } from "./source-line.js";

/**
 * Records for each equation which line of the traced function it comes from, while jax-js records
 * the equation. jax-js makes the equations of a backward pass long after the differentiated line
 * has returned, so each of them is attributed to the line whose derivative it belongs to.
 */
export class Provenance {
  private readonly lines = new WeakMap<object, readonly SourceLine[]>();
  /** The line whose cotangents jax-js is computing; undefined outside of backward passes. */
  private transposing?: readonly SourceLine[];
  private readonly restorers: (() => void)[] = [];
  private readonly watched = new Set<object>();

  /** The instance that records lines at present, if there is one. */
  static active?: Provenance;

  /** The calls that led to the equation with this result, innermost first. */
  of(result: object): readonly SourceLine[] | undefined {
    return this.lines.get(result);
  }

  /** Records the line of every equation that `tracer` makes from now on. */
  watchRecorder(tracer: object): void {
    const recorder = recorderOf(tracer);
    const add = recorder.addEqn;
    recorder.addEqn = (equation) => {
      const line = this.here();
      for (const result of equation.outBinders) this.lines.set(result, line);
      add.call(recorder, equation);
    };
  }

  /**
   * Marks each step of a function that is being differentiated with the line of the step.
   *
   * jax-js keeps these steps for the backward pass, each with the name of its primitive. This
   * method replaces the name by an object that reads as the name. jax-js reads the name when it
   * transposes the step, and the object then reports which line is being transposed.
   */
  watchDifferentiation(primals: readonly unknown[]): void {
    const prototype = linearTracePrototypeOf(primals[0]);
    if (prototype === undefined || this.watched.has(prototype)) return;
    this.watched.add(prototype);
    const original = prototype.processPrimitive;
    this.restorers.push(() => {
      prototype.processPrimitive = original;
    });
    const here = () => this.here();
    const enter = (line: readonly SourceLine[]) => {
      this.transposing = line;
    };
    prototype.processPrimitive = function (...args) {
      const results = original.apply(this, args);
      for (const { recipe } of results)
        if (recipe?.type === "JaxprEqn" && typeof recipe.prim === "string" && recipe.prim !== "jit")
          recipe.prim = new MarkedName(recipe.prim, here(), enter);
      return results;
    };
  }

  /** Ends a backward pass. */
  leave(): void {
    this.transposing = undefined;
  }

  /** Puts jax-js's own methods back. */
  stop(): void {
    for (const restore of this.restorers) restore();
  }

  private here(): readonly SourceLine[] {
    return this.transposing ?? callers();
  }
}

/** Serves as a property key like the name itself, and calls `onRead` on each look-up. */
class MarkedName {
  constructor(
    private readonly name: string,
    private readonly line: readonly SourceLine[],
    private readonly onRead: (line: readonly SourceLine[]) => void,
  ) {}

  toString(): string {
    this.onRead(this.line);
    return this.name;
  }
}
