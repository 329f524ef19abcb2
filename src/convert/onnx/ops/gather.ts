/** Gather: elements of a value, or an embedding. */
import { float32 } from '../emitter.ts';
import { axisOf, moved, ordered, stridesOf } from '../movements.ts';
import type { Operator, OperatorCall } from '../operator.ts';
import { invalid, unsupported } from '../refuse.ts';
import { type Constant, Elements, type Stream, sizeOf, streamLike, type Value } from '../value.ts';
import { valueAt } from './inputs.ts';

const gather: Operator = (call) => {
  const value = valueAt(call, 0);
  const indices = valueAt(call, 1);
  const axis = axisOf(call.place, call.attributes.int('axis', 0), value.shape.length);
  if (indices.kind === 'stream') return [embedding(call, value, indices, axis)];
  for (const origin of indices.origins) call.emit.used.add(origin);
  if (value.kind === 'stream' && axis === value.time) return [lastTimestep(call, value, indices)];
  return [pick(call, value, indices, axis)];
};

function pick({ place }: OperatorCall, value: Value, indices: Constant, axis: number): Value {
  const size = value.shape[axis]!;
  const wanted = Array.from(indices.data, (index) => (index < 0 ? index + size : index));
  const wrong = wanted.find((index) => !(Number.isInteger(index) && index >= 0 && index < size));
  if (wrong !== undefined) throw invalid(place, `it takes element ${wrong} of ${size} along axis ${axis}`);
  const shape = [...value.shape.slice(0, axis), ...indices.shape, ...value.shape.slice(axis + 1)];
  const strides = stridesOf(value.shape);
  const flat = [...value.shape.slice(0, axis), wanted.length, ...value.shape.slice(axis + 1)];
  const order = ordered(place, flat, strides.with(axis, 0));
  const positions = ordered(
    place,
    flat,
    flat.map((_size, at) => (at === axis ? 1 : 0)),
  );
  for (let at = 0; at < order.length; at++) order[at]! += wanted[positions[at]!]! * strides[axis]!;
  const time = value.kind === 'stream' ? value.time : undefined;
  const moves = time !== undefined && time > axis ? indices.shape.length - 1 : 0;
  return moved(value, shape, order, time === undefined ? undefined : time + moves);
}

function lastTimestep({ place }: OperatorCall, value: Stream, indices: Constant): Stream {
  const { timesteps = Number.NaN } = value;
  const [index] = indices.data;
  if (
    indices.data.length !== 1 ||
    !(index === -1 || index === timesteps - 1) ||
    value.padded.some((pad) => pad > 0)
  ) {
    throw unsupported(
      place,
      `it takes timesteps ${[...indices.data].slice(0, 4)} along axis ${value.time}, which is time; supported is the last, -1`,
    );
  }
  const axis = value.time!;
  const shape = [...value.shape.slice(0, axis), ...indices.shape, ...value.shape.slice(axis + 1)];
  return { ...value, shape, time: undefined, last: true };
}

/** Rows of a constant matrix by tokens, which come in one at a timestep. */
function embedding(call: OperatorCall, table: Value, tokens: Stream, axis: number): Stream {
  const { emit, place, node } = call;
  const source = tokens.elements.whole();
  if (table.kind === 'stream' || table.shape.length !== 2 || axis !== 0)
    throw unsupported(
      place,
      'its indices follow from the inputs; supported are rows (axis 0) of a constant matrix',
    );
  if (source === undefined || tokens.elements.length !== 1 || !emit.isTokens(source.name))
    throw unsupported(
      place,
      `its indices are ${sizeOf(tokens.shape)} computed values a timestep; supported is one token of an input`,
    );
  const [vocabulary, size] = table.shape as [number, number];
  emit.vocabulary(source.name, vocabulary, place);
  const weight = emit.weight(table, '', () => ({ shape: table.shape, data: float32(table) }));
  const body = { type: 'embedding', input: source.name, tensors: { weight } } as const;
  const rows = emit.node(node.outputs[0]!, body, size, place);
  return streamLike(tokens, [...tokens.shape, size], new Elements([rows]));
}

export const gathering: Readonly<Record<string, Operator>> = { Gather: gather };
