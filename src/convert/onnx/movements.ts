/** Moving elements of constants and of streams alike: a shape, and where each element of it comes from. */
import type { Emitter } from './emitter.ts';
import { invalid } from './refuse.ts';
import { numbersOf } from './tensor.ts';
import { type Constant, type Elements, type Numbers, type Stream, sizeOf, type Value } from './value.ts';

/** What an import makes out of less, in elements: a few bytes of a file must not ask for all memory. Weights may be larger. */
const MAX_GROWN = 1 << 20;

/** Row-major strides. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/**
 * Where each element of a shape comes from: `offset` plus its index along each axis times that axis' stride.
 *
 * @param own elements of the value that is moved
 * @throws RivuletError `invalid-file` where the shape has many more
 */
export function ordered(
  place: string,
  shape: readonly number[],
  strides: readonly number[],
  offset = 0,
  own = 0,
): Int32Array {
  const count = checkedSize(place, shape, own);
  const order = new Int32Array(count);
  const index = new Int32Array(shape.length);
  let from = offset;
  for (let at = 0; at < count; at++) {
    order[at] = from;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]!++;
      from += strides[axis]!;
      if (index[axis]! < shape[axis]!) break;
      from -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return order;
}

export function checkedSize(place: string, shape: readonly number[], own = 0): number {
  const count = sizeOf(shape);
  const most = Math.max(own, MAX_GROWN);
  if (count <= most) return count;
  throw invalid(
    place,
    `it gives a value of shape [${shape.slice(0, 8).join(', ')}]; expected at most ${most} elements`,
  );
}

/** A constant of other data, made of this one. */
function constantLike(constant: Constant, shape: readonly number[], data: Numbers): Constant {
  return { ...constant, shape, data };
}

/**
 * A value with its elements in another order and shape.
 *
 * @param order where each element comes from; undefined where all stay as they are
 * @param time the axis of time of the result, for a stream that has one
 */
export function moved<V extends Value>(
  value: V,
  shape: readonly number[],
  order: Int32Array | undefined,
  time?: number,
): V {
  if (value.kind === 'constant') {
    const data = order ? pickNumbers(value, order) : value.data;
    return constantLike(value, shape, data) as V;
  }
  const elements = order ? value.elements.select(order) : value.elements;
  return { ...(value as Stream), shape, elements, time } as V;
}

function pickNumbers({ type, data }: Constant, order: Int32Array): Numbers {
  const picked = numbersOf(type, order.length);
  for (let at = 0; at < order.length; at++) picked[at] = data[order[at]!]!;
  return picked;
}

/** The elements of a value, those of a constant too. */
export function elementsOf(value: Value, emit: Emitter): Elements {
  return value.kind === 'stream' ? value.elements : emit.constantElements(value);
}

/** An axis counted from the end where it is negative. */
export function axisOf(place: string, axis: number, rank: number): number {
  const found = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(found) && found >= 0 && found < rank) return found;
  throw invalid(place, `its axis ${axis} is none of a value with ${rank} axes`);
}
