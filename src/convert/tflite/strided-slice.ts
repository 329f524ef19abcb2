/**
 * STRIDED_SLICE of the last timestep, which is what a model with one answer for a sequence ends with: in a session, where
 * every timestep has a value, it is the value at the last one.
 */
import type { Context } from './context.ts';
import { invalid } from './flatbuffer.ts';
import type { TfliteOperator } from './schema.ts';
import { unsupported } from './weights.ts';

const INPUT = { x: 0, begin: 1, end: 2, strides: 3 };

export function convertStridedSlice(operator: TfliteOperator, context: Context): void {
  const { place, options } = operator;
  const x = context.vectors(operator);
  const { shape } = context.model.tensors[operator.inputs[INPUT.x]!]!;
  const masks = [0, 1, 2, 3, 4].map((field) => options?.int32(field) ?? 0);
  const [beginMask = 0, endMask = 0, ellipsis = 0, newAxis = 0, shrink = 0] = masks;
  const begin = integers(operator, INPUT.begin, context, shape.length);
  const end = integers(operator, INPUT.end, context, shape.length);
  const strides = integers(operator, INPUT.strides, context, shape.length);
  /** Where the slice of an axis begins, and how many it takes. */
  const sliceOf = (axis: number): readonly [first: number, count: number] => {
    const size = shape[axis]!;
    const from = (mask: number, value: number, all: number) =>
      mask & (1 << axis) ? all : Math.min(size, value < 0 ? value + size : value);
    const first = from(beginMask, begin[axis]!, 0);
    return [first, shrink & (1 << axis) ? 1 : from(endMask, end[axis]!, size) - first];
  };
  const isLast = shape.every((size, axis) => {
    const [first, count] = sliceOf(axis);
    return axis === shape.length - 1 ? first === 0 && count === size : first === size - 1 && count === 1;
  });
  const keepsVectors = (shrink & (1 << (shape.length - 1))) === 0;
  if (!isLast || !keepsVectors || ellipsis !== 0 || newAxis !== 0 || strides.some((stride) => stride !== 1)) {
    throw unsupported(
      place,
      `begin [${begin}], end [${end}], strides [${strides}], masks [${masks}] of [${shape}] are not supported; ` +
        'the last timestep, [:, -1, :], is',
    );
  }
  context.folded.push(`${place}: the last of ${x.rows} timesteps, which is the value at it`);
  context.give(operator, { ...x, rows: 1 });
}

function integers(operator: TfliteOperator, n: number, context: Context, length: number): readonly number[] {
  const tensor = context.tensor(operator, n);
  const { data } = tensor ?? {};
  if (tensor?.type !== 'INT32' || data === undefined || data.length !== 4 * length)
    throw invalid(`${operator.place}: input ${n} must be ${length} constants of INT32`);
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  return Array.from({ length }, (_, index) => view.getInt32(4 * index, true));
}
