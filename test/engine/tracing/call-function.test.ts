import { describe, expect, it } from "vitest";
import { UserError } from "../../../src/base/errors.js";
import { lang, lower, type Traced, type TracedFunction } from "../../../src/engine/index.js";

const L = lang;
const spec = (...shape: number[]) => ({ shape, dtype: "float32" as const });
const HERE = /^\S*call-function\.test\.ts:\d+:\d+: /;

/**
 * The message of the `UserError` that lowering `fn` throws. `fn` has any type: JavaScript has no
 * compiler.
 */
function refusal(fn: unknown, specs: unknown = [spec(2, 3)]): string {
  try {
    // Wrong functions are what these tests are about.
    lower(fn as TracedFunction, specs as ReturnType<typeof spec>[]);
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    const { message } = error as UserError;
    expect(message).not.toContain("\n");
    return message;
  }
  throw new Error("the function was accepted");
}

/** The refusal without the place, which must be a line of this file. */
function refusalHere(fn: unknown, specs?: unknown): string {
  const message = refusal(fn, specs);
  expect(message).toMatch(HERE);
  return message.replace(HERE, "");
}

describe("The result of a traced function must be an array of traced values", () => {
  it.each<[string, unknown, string]>([
    ["nothing", () => undefined, "got undefined; return [y, …]"],
    [
      "a value outside of an array",
      (x: Traced) => L.exp(x),
      "got a traced value of shape [2, 3]; return [y] instead of y",
    ],
    ["a promise", async (x: Traced) => [x], "got a promise; return [y, …]"],
    ["a number", () => [3], "got the number 3 at place 0; return values that the functions of lang computed"],
    [
      "a nested array",
      (x: Traced) => [x, [x]],
      "got an array at place 1; return values that the functions of lang computed",
    ],
  ])("A function that returns %s is refused", (_, fn, words) => {
    expect(refusal(fn)).toBe(
      `the traced function: expected an array of traced values as the result, ${words}`,
    );
  });

  it("The message calls a function that has a name by it", () => {
    function loss() {}
    expect(refusal(loss)).toMatch(/^function loss: expected an array/);
  });

  it("evaluateShapes refuses the same results", () => {
    const outer = () => L.evaluateShapes((() => undefined) as never, [spec(2)]);
    expect(refusal(outer)).toContain("expected an array of traced values as the result, got undefined");
  });
});

describe("An error inside a traced function names the line, the call and the mistake", () => {
  it.each<[string, unknown, string]>([
    [
      "a number where a traced value is needed",
      () => [L.exp(3 as never)],
      "lang.exp: expected a traced value, got the number 3; lang.scalar(value, dtype) makes a traced value of a number",
    ],
    [
      "two numbers",
      () => [L.add(2, 3)],
      "lang.add: expected at least one traced value among the operands, got two numbers",
    ],
    [
      "shapes that do not broadcast",
      (x: Traced) => [L.add(x, L.sum(x, [1]))],
      "lang.add: Incompatible array broadcast shapes: 2,3 vs 2",
    ],
    [
      "matrices of other sizes",
      (x: Traced) => [L.matmul(x, x)],
      "lang.matmul: dot: shapes not aligned along contracting dims: [3] != [2]",
    ],
    [
      "a shape of another size",
      (x: Traced) => [L.reshape(x, [7])],
      "lang.reshape: Invalid reshape: [2,3] -> [7]",
    ],
    [
      "indices that are no whole numbers",
      (x: Traced) => [L.take(x, x, 0)],
      "lang.take: indices must be Int32 or Uint32, got float32",
    ],
    [
      "an error of its own",
      (x: { foo: () => Traced }) => [x.foo()],
      "threw TypeError: x.foo is not a function",
    ],
    [
      "JavaScript's operators",
      (x: Traced) => [L.add(x, (x as never as number) * 2)],
      "a traced value holds no number, so JavaScript's operators cannot use it; call the functions of `lang`",
    ],
    [
      "JavaScript's comparisons",
      (x: Traced) => [(x as never as number) > 0 ? x : L.neg(x)],
      "a traced value holds no number, so JavaScript's operators cannot use it; call the functions of `lang`",
    ],
  ])("%s", (_, fn, message) => {
    expect(refusalHere(fn)).toBe(message);
  });

  it("A function with more arguments than described inputs is told so", () => {
    expect(refusalHere((x: Traced, w: Traced) => [L.matmul(x, w)])).toBe(
      "lang.matmul: expected a traced value, got undefined; " +
        "the function takes 2 arguments, but specs describes 1: describe every argument",
    );
  });

  it("A value of an earlier call is refused, as an operand and as a result", () => {
    let kept: Traced | undefined;
    lower(
      (x) => {
        kept = L.exp(x);
        return [kept];
      },
      [spec(2, 3)],
    );
    expect(refusalHere((x: Traced) => [L.add(x, kept as Traced)])).toBe(
      "lang.add: a traced value of another call is used; a traced value lives only while its function is traced",
    );
    expect(refusal(() => [kept])).toContain("a traced value of another call is used");
  });

  it("A thrown value that is no error is described", () => {
    expect(
      refusal(() => {
        throw "stop";
      }),
    ).toBe('the traced function: threw the text "stop"');
  });

  it("A UserError that the function throws stays as it is", () => {
    const error = new UserError("model.onnx: node 3: not supported");
    expect(() =>
      lower(() => {
        throw error;
      }, []),
    ).toThrow(error);
  });
});

describe("Derivatives refuse functions and cotangents of the wrong form", () => {
  it.each<[string, unknown, string]>([
    [
      "a value without aux",
      (x: Traced) => L.valueAndGrad(((a: Traced) => L.sum(a)) as never, [x]).grads,
      "lang.valueAndGrad: expected the differentiated function to return { value, aux }, got a traced value of shape []",
    ],
    [
      "a missing list aux",
      (x: Traced) => L.valueAndGrad(((a: Traced) => ({ value: L.sum(a) })) as never, [x]).grads,
      "lang.valueAndGrad: aux: expected an array of traced values, got undefined",
    ],
    [
      "a value that is no scalar",
      (x: Traced) => L.valueAndGrad((a) => ({ value: a, aux: [] }), [x]).grads,
      "lang.valueAndGrad: expected a scalar as value, got a traced value of shape [2, 3]; sum it to differentiate it",
    ],
    [
      "a cotangent of another shape",
      (x: Traced) => L.vjp((a) => ({ out: [a], aux: [] }), [x]).pullback([L.full([5], 1, "float32")]),
      "lang.pullback: cotangent 0: expected shape [2,3], got [5]",
    ],
    [
      "a missing tangent",
      (x: Traced) => L.jvp((a) => [a], [x], []).tangent,
      "lang.jvp: expected 1 tangents, got 0",
    ],
  ])("%s", (_, fn, message) => {
    expect(refusalHere(fn)).toBe(message);
  });
});

describe("Descriptions of inputs are checked before the function is called", () => {
  it.each<[string, unknown, string]>([
    [
      "an element type that graphs lack",
      [{ shape: [2], dtype: "float16" }],
      "input 0: expected an element type of float32, float64, int32, uint32, bool, got float16",
    ],
    [
      "a negative size",
      [spec(1), spec(2, -1)],
      "input 1: expected a shape of whole numbers from 0 on, got [2, -1]",
    ],
    [
      "no shape",
      [{ dtype: "float32" }],
      "input 0: expected a shape of whole numbers from 0 on, got undefined",
    ],
    [
      "no list",
      spec(2),
      "inputs: expected an array of { shape, dtype }, one for each argument, got an object",
    ],
  ])("%s", (_, specs, message) => {
    expect(refusal((x: Traced) => [x], specs)).toBe(message);
  });

  it("Something else than a function is refused", () => {
    expect(refusal(undefined)).toBe("expected a function of traced values to compile, got undefined");
  });

  it("A cast to an element type that graphs lack names its line", () => {
    expect(refusalHere((x: Traced) => [L.cast(x, "float16" as never)])).toBe(
      "element type float16: cannot be compiled, use one of bool, uint32, int32, float32, float64",
    );
  });
});
