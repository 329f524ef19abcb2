/** Shape arithmetic and constants: computed at import. */
import { checkedSize } from '../movements.ts';
import type { Operator } from '../operator.ts';
import { invalid, unsupported } from '../refuse.ts';
import { constantOf, kindOfType, numbersOf, roundToFloat16, TYPE_NAMES } from '../tensor.ts';
import { type ElementType, sizeOf } from '../value.ts';
import { constantOfNumbers } from './fold.ts';
import { constantAt, numbersAt, valueAt } from './inputs.ts';

const constant: Operator = (call) => {
  const { attributes, node, place } = call;
  const name = node.outputs[0]!;
  const tensor = attributes.tensor('value');
  if (tensor) return [constantOf(tensor, name, place)];
  if (attributes.has('value_float'))
    return [constantOfNumbers(name, 'float', [], [attributes.float('value_float', 0)])];
  if (attributes.has('value_int'))
    return [constantOfNumbers(name, 'int64', [], [attributes.int('value_int', 0)])];
  const floats = attributes.floats('value_floats');
  if (floats) return [constantOfNumbers(name, 'float', [floats.length], floats)];
  const ints = attributes.ints('value_ints');
  if (ints) return [constantOfNumbers(name, 'int64', [ints.length], ints)];
  throw unsupported(
    place,
    'its value is of another kind; supported are value, value_float(s) and value_int(s)',
  );
};

/** The length of the axis of time is not known at import: NaN, which only shapes may hold. */
const shape: Operator = (call) => {
  const value = valueAt(call, 0);
  const rank = value.shape.length;
  const time = value.kind === 'stream' ? value.time : undefined;
  const sizes = value.shape.map((size, axis) => (axis === time ? Number.NaN : size));
  const bound = (index: number) => Math.min(rank, Math.max(0, index < 0 ? index + rank : index));
  const part = sizes.slice(bound(call.attributes.int('start', 0)), bound(call.attributes.int('end', rank)));
  return [constantOfNumbers(call.node.outputs[0]!, 'int64', [part.length], part)];
};

const size: Operator = (call) => {
  const value = valueAt(call, 0);
  const count = value.kind === 'stream' && value.time !== undefined ? Number.NaN : sizeOf(value.shape);
  return [constantOfNumbers(call.node.outputs[0]!, 'int64', [], [count])];
};

const constantOfShape: Operator = (call) => {
  const dims = numbersAt(call, 0, 'its shape');
  if (dims.some(Number.isNaN))
    throw unsupported(
      call.place,
      'its shape has an axis of time; supported are constants that are the same for all timesteps',
    );
  const proto = call.attributes.tensor('value');
  const value = proto ? constantOf(proto, '', call.place) : constantOfNumbers('', 'float', [1], [0]);
  const data = numbersOf(value.type, checkedSize(call.place, dims)).fill(value.data[0] ?? 0);
  return [
    {
      kind: 'constant',
      name: call.node.outputs[0]!,
      type: value.type,
      shape: dims,
      data,
      origins: new Set(),
    },
  ];
};

const range: Operator = (call) => {
  const start = constantAt(call, 0, 'its start');
  const [first, end, step] = [0, 1, 2].map((index) => numbersAt(call, index, 'its range')[0] ?? Number.NaN);
  const count = Math.max(0, Math.ceil((end! - first!) / step!));
  if (!Number.isFinite(count))
    throw unsupported(
      call.place,
      'its range depends on the number of timesteps; supported is one known at import',
    );
  checkedSize(call.place, [count]);
  const values = Array.from({ length: count }, (_, at) => first! + at * step!);
  return [constantOfNumbers(call.node.outputs[0]!, start.type, [count], values)];
};

/** Between float types and between integer types a stream stays what it is. */
const cast: Operator = (call) => {
  const value = valueAt(call, 0);
  const to = call.attributes.int('to', 0);
  call.attributes.ignore('saturate');
  const kind = kindOfType(to);
  const known = TYPE_NAMES[to] ?? String(to);
  if (value.kind === 'stream') {
    const tokens = value.elements.sources.some(({ name }) => call.emit.isTokens(name));
    const keeps = tokens ? ['int32', 'int64'] : ['float', 'double'];
    if (keeps.includes(known)) return [value];
    throw unsupported(
      call.place,
      `it makes ${known} of ${tokens ? 'tokens' : 'float32'}; supported are ${keeps.join(' and ')}`,
    );
  }
  if (kind === undefined)
    throw unsupported(call.place, `its attribute to is ${known}; supported are numbers of up to 64 bits`);
  if (kind.type === value.type) return [value];
  const data = numbersOf(kind.type, value.data.length);
  for (let at = 0; at < data.length; at++) data[at] = converted(value.data[at]!, kind.type);
  if (value.type === 'int64' && kind.type !== 'int64' && value.data.some(Number.isNaN))
    throw invalid(call.place, 'it computes with the number of timesteps, which is not known at import');
  return [{ ...value, type: kind.type, data }];
};

function converted(value: number, to: ElementType): number {
  if (to === 'bool') return Number(value !== 0);
  if (to === 'float16') return roundToFloat16(value);
  return to === 'float' || to === 'double' || Number.isNaN(value) ? value : Math.trunc(value);
}

export const shapes: Readonly<Record<string, Operator>> = {
  Constant: constant,
  Shape: shape,
  Size: size,
  ConstantOfShape: constantOfShape,
  Range: range,
  Cast: cast,
};
