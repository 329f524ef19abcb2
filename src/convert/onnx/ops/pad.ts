/** Pad: constants around a frame, or zeros around time, which a convolution takes away again. */
import { axisOf, elementsOf, moved, ordered, stridesOf } from '../movements.ts';
import type { Operator, OperatorCall } from '../operator.ts';
import { invalid, unsupported } from '../refuse.ts';
import { Elements, type Stream, sizeOf, streamLike, type Value } from '../value.ts';
import { concatConstants, constantOfNumbers } from './fold.ts';
import { listOf, numbersAt, scalarOf, valueAt } from './inputs.ts';

const pad: Operator = (call) => {
  let value = valueAt(call, 0);
  const rank = value.shape.length;
  const mode = call.attributes.string('mode', 'constant');
  const pads = listOf(call, 1, 'pads') ?? [];
  const fill = scalarOf(call, 2, 'value') ?? 0;
  const given = call.inputs[3] ? numbersAt(call, 3, 'axes') : value.shape.map((_size, axis) => axis);
  const axes = given.map((axis) => axisOf(call.place, axis, rank));
  if (pads.length !== 2 * axes.length)
    throw invalid(call.place, `it has ${pads.length} pads for ${axes.length} axes`);
  axes.forEach((axis, at) => {
    const around = [pads[at]!, pads[at + axes.length]!] as const;
    if (around[0] === 0 && around[1] === 0) return;
    value = padAxis(call, value, axis, around, mode, fill);
  });
  return [value];
};

function padAxis(
  call: OperatorCall,
  value: Value,
  axis: number,
  around: readonly [number, number],
  mode: string,
  fill: number,
): Value {
  if (value.kind === 'stream' && axis === value.time) return padTime(call, value, around, mode, fill);
  const [before, after] = around;
  const size = value.shape[axis]!;
  if (before < 0 || after < 0)
    throw unsupported(call.place, `its pads are ${before} and ${after}; supported are 0 or more`);
  if (mode === 'constant') return constantAround(call, value, axis, around, fill);
  const from = indexer(call, mode, size, around);
  const shape = value.shape.with(axis, size + before + after);
  const strides = stridesOf(value.shape);
  const base = strides.with(axis, 0);
  const order = ordered(call.place, shape, base);
  const positions = ordered(
    call.place,
    shape,
    strides.map((_stride, at) => (at === axis ? 1 : 0)),
  );
  for (let at = 0; at < order.length; at++) order[at]! += from(positions[at]! - before) * strides[axis]!;
  return moved(value, shape, order, value.kind === 'stream' ? value.time : undefined);
}

/** Which element stands at a position outside of 0 … size - 1. */
function indexer(
  { place }: OperatorCall,
  mode: string,
  size: number,
  [before, after]: readonly [number, number],
): (position: number) => number {
  if (mode === 'edge') return (position) => Math.min(size - 1, Math.max(0, position));
  if (mode !== 'reflect')
    throw unsupported(place, `its attribute mode is ${mode}; supported are constant, reflect and edge`);
  if (Math.max(before, after) >= size)
    throw invalid(place, `it reflects ${Math.max(before, after)} of ${size} elements`);
  return (position) => {
    const inside = Math.abs(position);
    return inside < size ? inside : 2 * (size - 1) - inside;
  };
}

function constantAround(
  call: OperatorCall,
  value: Value,
  axis: number,
  [before, after]: readonly [number, number],
  fill: number,
): Value {
  const { emit, place, node } = call;
  const shape = value.shape.with(axis, value.shape[axis]! + before + after);
  const count = sizeOf(value.shape);
  const strides = stridesOf(value.shape);
  const order = ordered(place, shape, strides, -before * strides[axis]!);
  const positions = ordered(
    place,
    shape,
    shape.map((_size, at) => (at === axis ? 1 : 0)),
  );
  const size = value.shape[axis]!;
  let outside = count;
  for (let at = 0; at < order.length; at++) {
    const position = positions[at]! - before;
    if (position < 0 || position >= size) order[at] = outside++;
  }
  const name = `${node.outputs[0]}.padding`;
  const type = value.kind === 'constant' ? value.type : 'float';
  const padding = constantOfNumbers(
    name,
    type,
    [outside - count],
    new Float64Array(outside - count).fill(fill),
  );
  if (value.kind === 'constant') return moved(concatConstants([value, padding]), shape, order);
  const elements = Elements.join([value.elements, elementsOf(padding, emit)]).select(order);
  return streamLike(value, shape, elements);
}

/** Zeros before and behind the frame of one axis. */
export function zerosAround(
  call: OperatorCall,
  value: Stream,
  axis: number,
  around: readonly [number, number],
): Stream {
  return constantAround(call, value, axis, around, 0) as Stream;
}

function padTime(
  { place }: OperatorCall,
  value: Stream,
  [before, after]: readonly [number, number],
  mode: string,
  fill: number,
): Stream {
  if (mode !== 'constant' || fill !== 0 || before < 0 || after < 0)
    throw unsupported(
      place,
      `it pads time by ${before} and ${after} (${mode}, ${fill}); supported are zeros in front of a Conv`,
    );
  return { ...value, padded: [value.padded[0] + before, value.padded[1] + after] };
}

export const padding: Readonly<Record<string, Operator>> = { Pad: pad };
