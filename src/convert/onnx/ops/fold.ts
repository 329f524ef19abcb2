/** Computing with constants at import. */
import { ordered, stridesOf } from '../movements.ts';
import type { OperatorCall } from '../operator.ts';
import { invalid, unsupported } from '../refuse.ts';
import { numbersOf } from '../tensor.ts';
import type { Constant, ElementType, Numbers } from '../value.ts';

export function constantOfNumbers(
  name: string,
  type: ElementType,
  shape: readonly number[],
  values: ArrayLike<number>,
  origins: Iterable<string> = [],
): Constant {
  const data = numbersOf(type, values.length);
  for (let at = 0; at < values.length; at++) data[at] = values[at]!;
  return { kind: 'constant', name, type, shape, data, origins: new Set(origins) };
}

/** The data of several constants one behind the other. */
export function concatConstants(constants: readonly Constant[]): Constant {
  const [first] = constants;
  const { name, type } = first!;
  const data: Numbers = numbersOf(
    type,
    constants.reduce((sum, constant) => sum + constant.data.length, 0),
  );
  let at = 0;
  for (const constant of constants) {
    data.set(constant.data as never, at);
    at += constant.data.length;
  }
  return { kind: 'constant', name, type, shape: [data.length], data, origins: originsOf(constants) };
}

export function originsOf(constants: readonly Constant[]): ReadonlySet<string> {
  return new Set(constants.flatMap(({ origins }) => [...origins]));
}

/** NumPy's broadcasting: the shape that two values have together. */
export function commonShape(place: string, a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const left = a[axis - rank + a.length] ?? 1;
    const right = b[axis - rank + b.length] ?? 1;
    if (left === right || right === 1) return left;
    if (left === 1) return right;
    throw invalid(
      place,
      `its inputs have the shapes [${a.join(', ')}] and [${b.join(', ')}], which do not go together`,
    );
  });
}

/**
 * f of the elements of constants, with broadcasting. float32 results are those of float64 rounded once, which for the four
 * operations and the root is what float32 gives.
 *
 * @param type of the result; that of the first constant by default
 */
export function mapConstants(
  { place }: Pick<OperatorCall, 'place'>,
  constants: readonly Constant[],
  f: (...values: number[]) => number,
  type: ElementType = constants[0]!.type,
): Constant {
  const shape = constants.map((constant) => constant.shape).reduce((a, b) => commonShape(place, a, b));
  const own = Math.max(...constants.map(({ data }) => data.length));
  const orders = constants.map((constant) => orderOf(place, constant.shape, shape, own));
  const data = numbersOf(type, orders[0]!.length);
  for (let at = 0; at < data.length; at++) {
    const values = constants.map((constant, which) => constant.data[orders[which]![at]!]!);
    if (type === 'int64' && values.some(Number.isNaN) && !passes(f, values))
      throw unsupported(
        place,
        'it computes with the number of timesteps; supported is what does not depend on it',
      );
    data[at] = f(...values);
  }
  return { kind: 'constant', name: constants[0]!.name, type, shape, data, origins: originsOf(constants) };
}

/** Times or by 1, or plus or minus 0: the number of timesteps stays what it is. */
function passes(f: (...values: number[]) => number, [a, b]: readonly number[]): boolean {
  return f(a === undefined || Number.isNaN(a) ? 7 : a, b === undefined || Number.isNaN(b) ? 7 : b) === 7;
}

function orderOf(place: string, from: readonly number[], shape: readonly number[], own: number): Int32Array {
  const padded = [...new Array<number>(shape.length - from.length).fill(1), ...from];
  const strides = stridesOf(padded).map((stride, axis) => (padded[axis] === 1 ? 0 : stride));
  return ordered(place, shape, strides, 0, own);
}
