/** Means, sums and maxima: over axes of a timestep, or over all timesteps so far. */
import { axisOf } from '../movements.ts';
import type { Operator, OperatorCall } from '../operator.ts';
import { unsupported } from '../refuse.ts';
import { Elements, type Stream, sizeOf, streamLike, type Value } from '../value.ts';
import { groupsOf } from './along.ts';
import { constantOfNumbers } from './fold.ts';
import { listOf, valueAt } from './inputs.ts';

type Operation = 'mean' | 'sum' | 'max';

/** The largest matrix of a mean or sum, in elements: 4 MiB. */
const MAX_MATRIX = 1 << 20;

function reduce(operation: Operation): Operator {
  return (call) => {
    const value = valueAt(call, 0);
    const rank = value.shape.length;
    const keeps = call.attributes.int('keepdims', 1) !== 0;
    const empty = call.attributes.int('noop_with_empty_axes', 0) !== 0;
    const given = listOf(call, 1, 'axes')?.map((axis) => axisOf(call.place, axis, rank));
    if (given === undefined && empty) return [value];
    return [reduceAxes(call, operation, value, given ?? value.shape.map((_size, axis) => axis), keeps)];
  };
}

/** GlobalAveragePool and GlobalMaxPool: all axes behind the channels. */
function global(operation: Operation): Operator {
  return (call) => {
    const value = valueAt(call, 0);
    const axes = value.shape.flatMap((_size, axis) => (axis > 1 ? [axis] : []));
    return [reduceAxes(call, operation, value, axes, true)];
  };
}

function reduceAxes(
  call: OperatorCall,
  operation: Operation,
  value: Value,
  axes: readonly number[],
  keeps: boolean,
): Value {
  if (value.kind === 'constant') return foldAll(call, operation, value, axes);
  const shape = value.shape.flatMap((size, axis) => (axes.includes(axis) ? (keeps ? [1] : []) : [size]));
  const { time } = value;
  if (time !== undefined && axes.includes(time)) {
    const pooled = overTime(call, operation, value, axes);
    return { ...pooled, shape, time: undefined, last: true };
  }
  const gone = keeps || time === undefined ? 0 : axes.filter((axis) => axis < time).length;
  const reduced = withinTimestep(call, operation, value, axes);
  return { ...reduced, shape, time: time === undefined ? undefined : time - gone };
}

function overTime(call: OperatorCall, operation: Operation, value: Stream, axes: readonly number[]): Stream {
  const { emit, place, node } = call;
  const other = axes.find((axis) => axis !== value.time && value.shape[axis] !== 1);
  if (other !== undefined)
    throw unsupported(place, `it reduces time and axis ${other}; supported is one after the other`);
  const body = { type: 'time-pooling', input: emit.use(value, place), operation } as const;
  const source = emit.node(node.outputs[0]!, body, sizeOf(value.shape), place);
  return streamLike(value, value.shape, new Elements([source]));
}

function withinTimestep(
  call: OperatorCall,
  operation: Operation,
  value: Stream,
  axes: readonly number[],
): Stream {
  const { emit, place, node } = call;
  const { count, size, order } = groupsOf(call, value, axes, 'reduces');
  if (size === 1) return value;
  const name = node.outputs[0]!;
  if (operation === 'max') {
    const sorted = streamLike(value, [order.length], value.elements.select(order));
    const frame = { channels: count, kernel: size, layout: 'channels-first' } as const;
    const body = { type: 'frame-pooling', input: emit.use(sorted, place), operation, ...frame } as const;
    return streamLike(value, [count], new Elements([emit.node(name, body, count, place)]));
  }
  if (count * order.length > MAX_MATRIX)
    throw unsupported(
      place,
      `it reduces ${order.length} values to ${count}; supported are ${MAX_MATRIX} places`,
    );
  const data = new Float32Array(count * order.length);
  order.forEach((at, element) => {
    data[Math.floor(element / size) * order.length + at] = operation === 'mean' ? 1 / size : 1;
  });
  const shape = [count, order.length];
  const weight = emit.tensor(`${name}.weight`, { dtype: 'F32', shape, data }, []);
  const body = { type: 'dense', input: emit.use(value, place), tensors: { weight } } as const;
  return streamLike(value, [count], new Elements([emit.node(name, body, count, place)]));
}

/** Of constants, sums and products of shapes alone are needed. */
function foldAll(call: OperatorCall, operation: Operation, value: Value, axes: readonly number[]): Value {
  if (value.kind === 'stream' || axes.length !== value.shape.length)
    throw unsupported(call.place, 'it reduces some axes of a constant; supported are all of them');
  const { data } = value;
  let result = operation === 'max' ? Number.NEGATIVE_INFINITY : 0;
  for (const each of data) result = operation === 'max' ? Math.max(result, each) : result + each;
  if (operation === 'mean') result /= data.length;
  return constantOfNumbers(call.node.outputs[0]!, value.type, [], [result], value.origins);
}

export const reductions: Readonly<Record<string, Operator>> = {
  ReduceMean: reduce('mean'),
  ReduceSum: reduce('sum'),
  ReduceMax: reduce('max'),
  GlobalAveragePool: global('mean'),
  GlobalMaxPool: global('max'),
};
