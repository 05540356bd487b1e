import { callers, type SourceLine } from "./source-line.js";

/**
 * From which line of the traced function each equation comes, noted while jax-js records it. An equation of a backward
 * pass is put down to the line whose derivative it is part of: jax-js makes it long after that line has returned.
 */
export class Provenance {
  private readonly lines = new WeakMap<object, readonly SourceLine[]>();
  /** The line whose cotangents jax-js works out at the moment; undefined outside backward passes. */
  private transposing?: readonly SourceLine[];
  private readonly restorers: (() => void)[] = [];
  private readonly watched = new Set<object>();

  /** What notes the equations that are recorded now, if anything does. */
  static active?: Provenance;

  /** Where the equation that has this result was written. */
  of(result: object): readonly SourceLine[] | undefined {
    return this.lines.get(result);
  }

  /** Notes every equation that is recorded from now on by the recorder `tracer` belongs to. */
  watchRecorder(tracer: unknown): void {
    const { builder } = (tracer as RecordedTracer)._trace;
    const add = builder.addEqn;
    builder.addEqn = (equation) => {
      const line = this.here();
      for (const result of equation.outBinders) this.lines.set(result, line);
      add.call(builder, equation);
    };
  }

  /**
   * Marks the steps of a function being differentiated with the lines they come from. A step that jax-js keeps for the
   * backward pass has its primitive's name replaced by an object that reads as the name; it is read when the step's turn comes.
   */
  watchDifferentiation(primals: readonly unknown[]): void {
    const prototype = Object.getPrototypeOf((primals[0] as DifferentiatedTracer)?.tangent?._trace ?? null);
    if (prototype?.processPrimitive === undefined || this.watched.has(prototype)) return;
    this.watched.add(prototype);
    const original = (prototype as LinearTrace).processPrimitive;
    this.restorers.push(() => {
      prototype.processPrimitive = original;
    });
    const here = () => this.here();
    const enter = (line: readonly SourceLine[]) => {
      this.transposing = line;
    };
    prototype.processPrimitive = function (this: LinearTrace, ...args: [string, unknown[], object]) {
      const results = original.apply(this, args);
      for (const { recipe } of results)
        if (recipe?.type === "JaxprEqn" && typeof recipe.prim === "string" && recipe.prim !== "jit")
          recipe.prim = new MarkedName(recipe.prim, here(), enter);
      return results;
    };
  }

  /** To be called when a backward pass ends. */
  leave(): void {
    this.transposing = undefined;
  }

  stop(): void {
    for (const restore of this.restorers) restore();
  }

  private here(): readonly SourceLine[] {
    return this.transposing ?? callers();
  }
}

/** Serves as a property key like the name itself, and tells who looks it up. */
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

// What this file relies on inside jax-js.

interface RecordedTracer {
  readonly _trace: {
    readonly builder: { addEqn(equation: { readonly outBinders: readonly object[] }): void };
  };
}

interface DifferentiatedTracer {
  readonly tangent?: { readonly _trace: LinearTrace };
}

interface LinearTrace {
  processPrimitive(
    primitive: string,
    tracers: unknown[],
    params: object,
  ): readonly { readonly recipe: { readonly type: string; prim: string | MarkedName } | null }[];
}
