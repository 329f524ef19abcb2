/** What is computed along some axes of a timestep, for all indices of the others. */
import { ordered, stridesOf } from '../movements.ts';
import type { OperatorCall } from '../operator.ts';
import { unsupported } from '../refuse.ts';
import { Elements, type Stream, sizeOf, streamLike } from '../value.ts';
import { refuseTime } from './inputs.ts';

/** Nodes that one operator becomes at most. */
const MAX_GROUPS = 64;

/** The elements of a value group by group: those along the axes lie side by side. */
export interface Groups {
  readonly count: number;
  readonly size: number;
  /** Where each element, in the order of the groups, stands in the value. */
  readonly order: Int32Array;
}

export function groupsOf(call: OperatorCall, value: Stream, axes: readonly number[], what: string): Groups {
  refuseTime(call, value, axes, what);
  const strides = stridesOf(value.shape);
  const others = value.shape.flatMap((_size, axis) => (axes.includes(axis) ? [] : [axis]));
  const sequence = [...others, ...axes.toSorted((a, b) => a - b)];
  const shape = sequence.map((axis) => value.shape[axis]!);
  const from = sequence.map((axis) => strides[axis]!);
  const count = sizeOf(others.map((axis) => value.shape[axis]!));
  return { count, size: sizeOf(value.shape) / count, order: ordered(call.place, shape, from) };
}

/** f of each group, a value of its size. */
export function alongAxes(
  call: OperatorCall,
  value: Stream,
  axes: readonly number[],
  what: string,
  f: (part: Stream) => Stream,
): Stream {
  const { count, size, order } = groupsOf(call, value, axes, what);
  if (count === 1) return f(value);
  if (count > MAX_GROUPS)
    throw unsupported(
      call.place,
      `it ${what} ${count} parts of a timestep; supported are at most ${MAX_GROUPS}`,
    );
  const parts = Array.from({ length: count }, (_, group) => {
    const elements = value.elements.select(order.subarray(group * size, (group + 1) * size));
    return f(streamLike(value, [size], elements)).elements;
  });
  const back = new Int32Array(order.length);
  order.forEach((at, element) => {
    back[at] = element;
  });
  return streamLike(value, value.shape, Elements.join(parts).select(back));
}
