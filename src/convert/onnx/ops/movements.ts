/** Operators that only move elements: no node of ours comes of them. */
import { transposed } from '../../transposed.ts';

import { axisOf, checkedSize, elementsOf, moved, ordered, stridesOf } from '../movements.ts';
import type { Operator, OperatorCall } from '../operator.ts';
import { invalid, unsupported } from '../refuse.ts';
import { Elements, type Stream, sizeOf, streamLike, type Value } from '../value.ts';
import { concatConstants } from './fold.ts';
import { listOf, numbersAt, refuseTime, valueAt } from './inputs.ts';

const identity: Operator = (call) => [valueAt(call, 0)];

const dropout: Operator = (call) => {
  call.attributes.ignore('ratio', 'seed', 'is_test', 'training_mode');
  return [valueAt(call, 0)];
};

const transpose: Operator = (call) => {
  const value = valueAt(call, 0);
  const rank = value.shape.length;
  const perm = call.attributes.ints('perm') ?? value.shape.map((_size, axis) => rank - 1 - axis);
  const axes = perm.map((axis) => axisOf(call.place, axis, rank));
  if (axes.length !== rank || new Set(axes).size !== rank)
    throw invalid(call.place, `its perm [${perm}] is no permutation of ${rank} axes`);
  const strides = stridesOf(value.shape);
  const shape = axes.map((axis) => value.shape[axis]!);
  const time = value.kind === 'stream' && value.time !== undefined ? axes.indexOf(value.time) : undefined;
  // Axes of one element move freely.
  const real = axes.filter((axis) => value.shape[axis] !== 1);
  const stays = real.every((axis, at) => at === 0 || axis > real[at - 1]!);
  const from = axes.map((axis) => strides[axis]!);
  const int8 = value.kind === 'constant' && !stays ? call.emit.int8Of(value) : undefined;
  const result = moved(
    value,
    shape,
    stays ? undefined : ordered(call.place, shape, from, 0, sizeOf(shape)),
    time,
  );
  if (int8 && result.kind === 'constant') {
    const data = transposed(int8.data, value.shape[0]!, value.shape[1]!);
    call.emit.remember(result, { ...int8, data, byRows: !int8.byRows });
  }
  return [result];
};

const reshape: Operator = (call) => {
  const value = valueAt(call, 0);
  const target = listOf(call, 1, 'shape') ?? [];
  const keepsZeros = call.attributes.int('allowzero', 0) === 0;
  const copied = target.map((size, axis) => (size === 0 && keepsZeros ? value.shape[axis]! : size));
  if (value.kind === 'stream' && value.time !== undefined)
    return [reshapeInTime(call, value, target, copied)];
  return [moved(value, completed(call, copied, sizeOf(value.shape)), undefined)];
};

/** A shape with its -1 replaced. */
function completed({ place }: OperatorCall, target: readonly number[], count: number): number[] {
  const known = target.filter((size) => size !== -1).reduce((a, b) => a * b, 1);
  const shape = target.map((size) => (size === -1 ? count / known : size));
  if (sizeOf(shape) === count) return shape;
  throw unsupported(
    place,
    `it gives ${count} elements the shape [${target.join(', ')}]; supported are shapes of as many elements, ` +
      'with the axis of time as it is',
  );
}

/** The axis of time is that which says so, or the one that is left over; before and behind it nothing may mix. */
function reshapeInTime(
  call: OperatorCall,
  value: Stream,
  target: readonly number[],
  copied: readonly number[],
): Stream {
  const time = value.time!;
  const count = sizeOf(value.shape);
  const before = sizeOf(value.shape.slice(0, time));
  const others = (axis: number) => {
    const rest = copied.filter((_size, at) => at !== axis);
    return rest.includes(-1) ? count : sizeOf(rest);
  };
  const fits = (axis: number) => {
    const front = copied.slice(0, axis);
    return others(axis) === count && (front.includes(-1) || sizeOf(front) === before);
  };
  const axes = copied.map((_size, axis) => axis);
  const named = axes.find((axis) => Number.isNaN(copied[axis]) || (target[axis] === 0 && axis === time));
  const found =
    named ??
    axes.find((axis) => copied[axis] === -1 && fits(axis)) ??
    axes.find((axis) => copied[axis] === value.timesteps && fits(axis));
  if (found === undefined || others(found) !== count) {
    throw unsupported(
      call.place,
      `it gives [${value.shape.join(', ')}], whose axis ${time} is time, the shape [${target.join(', ')}]; ` +
        'supported are shapes that keep time an axis of its own',
    );
  }
  const shape = completed(
    call,
    copied.map((size, axis) => (axis === found ? 1 : size)),
    count,
  );
  if (sizeOf(shape.slice(0, found)) !== before)
    throw unsupported(
      call.place,
      'it moves elements from one timestep to another; supported is what keeps them',
    );
  return moved(value, shape, undefined, found);
}

const flatten: Operator = (call) => {
  const value = valueAt(call, 0);
  const rank = value.shape.length;
  const axis = call.attributes.int('axis', 1);
  const at = axis < 0 ? axis + rank : axis;
  const shape = [sizeOf(value.shape.slice(0, at)), sizeOf(value.shape.slice(at))];
  if (value.kind === 'constant' || value.time === undefined) return [moved(value, shape, undefined)];
  if (value.time >= at || shape[0] !== 1) refuseTime(call, value, [value.time], 'flattens');
  return [moved(value, shape, undefined, 0)];
};

const squeeze: Operator = (call) => {
  const value = valueAt(call, 0);
  const rank = value.shape.length;
  const time = value.kind === 'stream' ? value.time : undefined;
  const given = listOf(call, 1, 'axes')?.map((axis) => axisOf(call.place, axis, rank));
  const axes = given ?? value.shape.flatMap((size, axis) => (size === 1 && axis !== time ? [axis] : []));
  const large = axes.find((axis) => value.shape[axis] !== 1);
  if (large !== undefined)
    throw invalid(call.place, `it squeezes axis ${large} of [${value.shape.join(', ')}], which is not 1`);
  refuseTime(call, value, axes, 'squeezes');
  const shape = value.shape.filter((_size, axis) => !axes.includes(axis));
  const moves = axes.filter((axis) => time !== undefined && axis < time).length;
  return [moved(value, shape, undefined, time === undefined ? undefined : time - moves)];
};

const unsqueeze: Operator = (call) => {
  const value = valueAt(call, 0);
  const given = listOf(call, 1, 'axes') ?? [];
  const rank = value.shape.length + given.length;
  const axes = given.map((axis) => axisOf(call.place, axis, rank));
  const rest = value.shape.map((_size, axis) => axis);
  const order = Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? -1 : rest.shift()!));
  const shape = order.map((axis) => (axis < 0 ? 1 : value.shape[axis]!));
  const time = value.kind === 'stream' && value.time !== undefined ? order.indexOf(value.time) : undefined;
  return [moved(value, shape, undefined, time)];
};

const slice: Operator = (call) => {
  let value = valueAt(call, 0);
  const starts = listOf(call, 1, 'starts') ?? [];
  const ends = listOf(call, 2, 'ends') ?? [];
  const axes = listOf(call, 3, 'axes') ?? starts.map((_start, axis) => axis);
  const steps = call.inputs[4] ? numbersAt(call, 4, 'steps') : starts.map(() => 1);
  starts.forEach((start, at) => {
    const axis = axisOf(call.place, axes[at]!, value.shape.length);
    if (value.kind === 'stream' && axis === value.time)
      value = sliceTime(call, value, start, ends[at]!, steps[at]!);
    else value = sliceAxis(call, value, axis, start, ends[at]!, steps[at]!);
  });
  return [value];
};

function sliceAxis(
  call: OperatorCall,
  value: Value,
  axis: number,
  start: number,
  end: number,
  step: number,
): Value {
  if (!(Number.isFinite(start) && Number.isFinite(end) && Number.isInteger(step) && step !== 0))
    throw unsupported(
      call.place,
      `it slices ${start} to ${end} by ${step}; supported are numbers known at import`,
    );
  const size = value.shape[axis]!;
  const low = step > 0 ? 0 : -1;
  const high = step > 0 ? size : size - 1;
  const bound = (index: number) => Math.min(high, Math.max(low, index < 0 ? index + size : index));
  const first = bound(start);
  const count = Math.max(0, Math.ceil((bound(end) - first) / step));
  if (step === 1 && count === size) return value;
  return pickAlong(call, value, axis, count, first, step);
}

/** Elements first, first + step … along an axis. */
function pickAlong(
  call: OperatorCall,
  value: Value,
  axis: number,
  count: number,
  first: number,
  step: number,
): Value {
  const strides = stridesOf(value.shape);
  const offset = first * strides[axis]!;
  const shape = value.shape.with(axis, count);
  if (count === 0 && value.kind === 'stream')
    throw unsupported(call.place, 'it takes nothing of a value; supported is at least one element');
  strides[axis]! *= step;
  return moved(value, shape, ordered(call.place, shape, strides, offset, sizeOf(value.shape)), timeOf(value));
}

function timeOf(value: Value): number | undefined {
  return value.kind === 'stream' ? value.time : undefined;
}

/** All timesteps, all but those that a convolution has too many, or the last one. */
function sliceTime(call: OperatorCall, value: Stream, start: number, end: number, step: number): Stream {
  const { timesteps = Number.NaN } = value;
  const [before, after] = value.padded;
  const first = start === 0 || start <= -timesteps;
  if (step === 1 && first) {
    if (after > 0 && end === -after) return { ...value, padded: [before, 0] };
    if (before + after === 0 && (Number.isNaN(end) || end >= 2 ** 31 - 1 || end >= timesteps)) return value;
  }
  const toEnd = Number.isNaN(end) || end >= 2 ** 31 - 1 || end >= timesteps;
  if (step === 1 && before + after === 0 && toEnd && (start === -1 || start === timesteps - 1))
    return { ...value, time: undefined, last: true };
  throw unsupported(
    call.place,
    `it slices ${start} to ${end} by ${step} along axis ${value.time}, which is time; supported are all timesteps, and the last`,
  );
}

const split: Operator = (call) => {
  const value = valueAt(call, 0);
  const axis = axisOf(call.place, call.attributes.int('axis', 0), value.shape.length);
  const count = call.node.outputs.length;
  call.attributes.ignore('num_outputs');
  const size = value.shape[axis]!;
  const part = Math.ceil(size / count);
  const sizes =
    listOf(call, 1, 'split') ?? Array.from({ length: count }, (_, at) => Math.min(part, size - at * part));
  if (count === 1) return [value];
  refuseTime(call, value, [axis], 'splits');
  if (sizes.length !== count || sizes.reduce((a, b) => a + b, 0) !== size)
    throw invalid(call.place, `it splits ${size} into [${sizes.join(', ')}] for ${count} outputs`);
  let first = 0;
  return sizes.map((each) => {
    const piece = pickAlong(call, value, axis, each, first, 1);
    first += each;
    return piece;
  });
};

const concat: Operator = (call) => {
  const values = call.inputs.map((_input, index) => valueAt(call, index));
  const [first] = values;
  if (first === undefined) throw invalid(call.place, 'it has no inputs');
  if (values.length === 1) {
    call.attributes.ignore('axis');
    return [first];
  }
  const axis = axisOf(call.place, call.attributes.int('axis', 1), first.shape.length);
  const sum = values.reduce((total, { shape }) => total + shape[axis]!, 0);
  const shape = first.shape.with(axis, sum);
  for (const { shape: other } of values) {
    if (other.length !== shape.length || other.some((size, at) => at !== axis && size !== shape[at]))
      throw invalid(
        call.place,
        `it joins shapes [${first.shape.join(', ')}] and [${other.join(', ')}] along axis ${axis}`,
      );
  }
  const order = interleaved(call, values, shape, axis);
  const constants = values.flatMap((value) => (value.kind === 'constant' ? [value] : []));
  if (constants.length === values.length) return [moved(concatConstants(constants), shape, order)];
  const like = commonTime(call, values);
  refuseTime(call, { ...like, shape }, [axis], 'joins');
  const all = Elements.join(values.map((value) => elementsOf(value, call.emit)));
  return [streamLike(like, shape, all.select(order))];
};

/** Where each element of values joined along an axis stands when the values lie one behind the other. */
function interleaved(
  { place }: OperatorCall,
  values: readonly Value[],
  shape: readonly number[],
  axis: number,
): Int32Array {
  const outer = sizeOf(shape.slice(0, axis));
  const own = values.reduce((sum, value) => sum + sizeOf(value.shape), 0);
  const order = new Int32Array(checkedSize(place, shape, own));
  let at = 0;
  for (let row = 0; row < outer; row++) {
    let base = 0;
    for (const value of values) {
      const count = sizeOf(value.shape);
      const run = outer === 0 ? 0 : count / outer;
      for (let i = 0; i < run; i++) order[at++] = base + row * run + i;
      base += count;
    }
  }
  return order;
}

/**
 * The stream whose time all of them have.
 *
 * @throws RivuletError `unsupported-operator` where a value of each timestep meets one of the last, or other axes of time
 */
export function commonTime({ place }: OperatorCall, values: readonly Value[]): Stream {
  const streams = values.filter((value) => value.kind === 'stream');
  const [first] = streams;
  if (first === undefined) throw invalid(place, 'all its inputs are constants');
  const other = streams.find(({ time, last }) => time !== first.time || last !== first.last);
  if (other === undefined) return first;
  throw unsupported(
    place,
    `it joins ${timeText(first)} and ${timeText(other)}; supported are values of the same axis of time`,
  );
}

function timeText({ time, last }: Stream): string {
  if (time !== undefined) return `a value of each timestep (axis ${time})`;
  return last ? 'a value of the last timestep' : 'a value without time';
}

const expand: Operator = (call) => {
  const value = valueAt(call, 0);
  const target = numbersAt(call, 1, 'its shape');
  const rank = Math.max(target.length, value.shape.length);
  const inner = value.shape.length;
  const time = timeOf(value);
  const place = time === undefined ? undefined : time + rank - inner;
  const shape = Array.from({ length: rank }, (_, axis) => {
    const own = value.shape[axis - rank + inner] ?? 1;
    const wanted = target[axis - rank + target.length] ?? 1;
    return axis === place ? 1 : Math.max(own, wanted);
  });
  return [broadcast(call, value, shape, place)];
};

/** A value repeated along axes where it has one element. */
export function broadcast<V extends Value>(
  { place }: Pick<OperatorCall, 'place'>,
  value: V,
  shape: readonly number[],
  time: number | undefined,
): V {
  const rank = shape.length;
  const own = [...new Array<number>(rank - value.shape.length).fill(1), ...value.shape];
  if (own.every((size, axis) => size === shape[axis])) return moved(value, shape, undefined, time);
  const strides = stridesOf(own).map((stride, axis) => (own[axis] === 1 ? 0 : stride));
  const wrong = own.findIndex((size, axis) => size !== 1 && size !== shape[axis]);
  if (wrong >= 0 || shape.some((size) => !Number.isInteger(size)))
    throw invalid(place, `a value of shape [${value.shape.join(', ')}] cannot become [${shape.join(', ')}]`);
  return moved(value, shape, ordered(place, shape, strides), time);
}

export const movements: Readonly<Record<string, Operator>> = {
  Identity: identity,
  Dropout: dropout,
  Transpose: transpose,
  Reshape: reshape,
  Flatten: flatten,
  Squeeze: squeeze,
  Unsqueeze: unsqueeze,
  Slice: slice,
  Split: split,
  Concat: concat,
  Expand: expand,
};
