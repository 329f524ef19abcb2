/** Operators of two values, element by element. */
import { float32 } from '../emitter.ts';
import { elementsOf } from '../movements.ts';
import type { Operator, OperatorCall } from '../operator.ts';
import { unsupported } from '../refuse.ts';
import { type Constant, Elements, type Stream, sizeOf, streamLike, type Value } from '../value.ts';
import { commonShape, mapConstants } from './fold.ts';
import { constantAt, streamAt, valueAt } from './inputs.ts';
import { broadcast, commonTime } from './movements.ts';

type Kind = 'add' | 'sub' | 'mul' | 'div';

const COMPUTE: Readonly<Record<Kind, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
};

/** Integers divide towards zero. */
const INTEGERS = ['int64', 'int32', 'int8', 'uint8', 'int16', 'uint16'];

function binary(kind: Kind): Operator {
  return (call) => {
    call.attributes.ignore('broadcast', 'axis');
    return [combineValues(call, kind, valueAt(call, 0), valueAt(call, 1))];
  };
}

export function combineValues(call: OperatorCall, kind: Kind, a: Value, b: Value): Value {
  if (a.kind === 'constant' && b.kind === 'constant') {
    const f = COMPUTE[kind];
    const truncates = kind === 'div' && INTEGERS.includes(a.type);
    return mapConstants(call, [a, b], truncates ? (x, y) => Math.trunc(x / y) : f);
  }
  const { like, values } = aligned(call, [a, b]);
  const [x, y] = values as [Value, Value];
  if (x.kind === 'stream' && y.kind === 'stream') return emitMerge(call, kind, like, x, y);
  if (y.kind === 'constant') return byConstant(call, kind, like, y, x as Stream, false);
  return byConstant(call, kind, like, x as Constant, y, true);
}

/** Values of one shape, that of them all, each element where it belongs. */
export function aligned(
  call: OperatorCall,
  inputs: readonly Value[],
): { like: Stream; values: readonly Value[] } {
  const { place } = call;
  const shape = inputs.map((value) => value.shape).reduce((a, b) => commonShape(place, a, b));
  // An axis counts from the end, where shapes meet.
  const shifted = inputs.map((value) =>
    value.kind === 'stream' && value.time !== undefined
      ? { ...value, time: value.time + shape.length - value.shape.length }
      : value,
  );
  const like = commonTime(call, shifted);
  if (like.time !== undefined && shape[like.time] !== 1)
    throw unsupported(
      place,
      'a constant has a value for each timestep; supported are constants that are the same for all',
    );
  return {
    like: { ...like, shape },
    values: inputs.map((value) => broadcast(call, value, shape, like.time)),
  };
}

/** A node of two values of one size. */
function emitMerge(call: OperatorCall, type: Kind, like: Stream, a: Stream, b: Stream): Stream {
  const { emit, place, node } = call;
  const inputs = [emit.use(a, place), emit.use(b, place)];
  const source = emit.node(node.outputs[0]!, { type, inputs }, sizeOf(like.shape), place);
  return streamLike(like, like.shape, new Elements([source]));
}

/** @param reversed the constant is the first of the two */
function byConstant(
  call: OperatorCall,
  kind: Kind,
  like: Stream,
  constant: Constant,
  stream: Stream,
  reversed: boolean,
): Stream {
  if (kind === 'div' && reversed) {
    const dividend = streamLike(like, like.shape, elementsOf(constant, call.emit));
    return emitMerge(call, 'div', like, joinable(dividend, stream), stream);
  }
  const values = float32(constant);
  if (kind === 'add') return affine(call, like, stream, constant, { bias: values });
  if (kind === 'mul') return affine(call, like, stream, constant, { weight: values });
  if (kind === 'div') {
    const weight = values.map((value) => 1 / value);
    if (!weight.every(Number.isFinite))
      throw unsupported(call.place, 'it divides by a constant with a zero; supported are others');
    return affine(call, like, stream, constant, { weight });
  }
  if (!reversed) return affine(call, like, stream, constant, { bias: values.map((value) => -value) });
  return affine(call, like, stream, constant, {
    weight: new Float32Array(values.length).fill(-1),
    bias: values,
  });
}

/** A constant beside a stream, whose sources tell where a constant node hangs. */
function joinable(constant: Stream, stream: Stream): Stream {
  const both = Elements.join([constant.elements, stream.elements]);
  const order = Int32Array.from({ length: constant.elements.length }, (_, at) => at);
  return { ...constant, elements: both.select(order) };
}

/** weight x + bias; nothing where neither changes a value. */
export function affine(
  { emit, place, node }: OperatorCall,
  like: Stream,
  stream: Stream,
  constant: Constant,
  parts: { readonly weight?: Float32Array; readonly bias?: Float32Array },
): Stream {
  for (const origin of constant.origins) emit.used.add(origin);
  const neutral =
    (parts.weight?.every((value) => value === 1) ?? true) &&
    (parts.bias?.every((value) => value === 0) ?? true);
  if (neutral) return streamLike(like, like.shape, stream.elements);
  const size = sizeOf(like.shape);
  const name = node.outputs[0]!;
  const tensors = Object.fromEntries(
    Object.entries(parts).map(([role, data]) => {
      const own = data === constant.data ? constant.name : `${name}.${role}`;
      return [role, emit.tensor(own, { dtype: 'F32', shape: [size], data }, constant.origins)];
    }),
  );
  const input = emit.use(stream, place);
  const source = emit.node(name, { type: 'affine', input, tensors }, size, place);
  return streamLike(like, like.shape, new Elements([source]));
}

const sum: Operator = (call) => {
  let total = valueAt(call, 0);
  for (let index = 1; index < call.inputs.length; index++)
    total = combineValues(call, 'add', total, valueAt(call, index));
  return [total];
};

const negate: Operator = (call) => {
  const value = valueAt(call, 0);
  if (value.kind === 'constant') return [mapConstants(call, [value], (x) => -x)];
  const size = sizeOf(value.shape);
  const weight = new Float32Array(size).fill(-1);
  return [affine(call, value, value, { ...NOTHING, name: call.node.outputs[0]! }, { weight })];
};

const NOTHING: Constant = {
  kind: 'constant',
  name: '',
  type: 'float',
  shape: [],
  data: new Float32Array(1),
  origins: new Set(),
};

const pow: Operator = (call) => {
  const base = valueAt(call, 0);
  const exponent = constantAt(call, 1, 'its exponent');
  if (base.kind === 'constant') return [mapConstants(call, [base, exponent], (x, y) => x ** y)];
  for (const origin of exponent.origins) call.emit.used.add(origin);
  const [power] = exponent.data;
  if (exponent.data.length === 1 && power === 1) return [base];
  if (exponent.data.length === 1 && power === 0.5) return [root(call, base)];
  if (exponent.data.length === 1 && power === 2) return [emitMerge(call, 'mul', base, base, base)];
  if (exponent.data.length === 1 && power === 3) {
    const square = emitMerge(call, 'mul', base, base, base);
    return [emitMerge(call, 'mul', base, square, base)];
  }
  throw unsupported(
    call.place,
    `its exponent is [${[...exponent.data].slice(0, 4)}]; supported are .5, 1, 2 and 3`,
  );
};

const sqrt: Operator = (call) => {
  const value = valueAt(call, 0);
  if (value.kind === 'constant') return [mapConstants(call, [value], Math.sqrt)];
  return [root(call, streamAt(call, 0))];
};

function root({ emit, place, node }: OperatorCall, value: Stream): Stream {
  const input = emit.use(value, place);
  const body = { type: 'activation', input, activation: 'sqrt' } as const;
  const source = emit.node(node.outputs[0]!, body, sizeOf(value.shape), place);
  return streamLike(value, value.shape, new Elements([source]));
}

const reciprocal: Operator = (call) => {
  const value = valueAt(call, 0);
  if (value.kind === 'constant') return [mapConstants(call, [value], (x) => 1 / x)];
  const one: Constant = { ...NOTHING, name: `${call.node.outputs[0]}.one`, data: Float32Array.of(1) };
  return [combineValues(call, 'div', one, value)];
};

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  Equal: (a, b) => a === b,
  Greater: (a, b) => a > b,
  Less: (a, b) => a < b,
  GreaterOrEqual: (a, b) => a >= b,
  LessOrEqual: (a, b) => a <= b,
  And: (a, b) => a !== 0 && b !== 0,
  Or: (a, b) => a !== 0 || b !== 0,
};

/** Of constants alone. The number of timesteps is no number that a shape is compared with. */
const folded: Readonly<Record<string, Operator>> = {
  ...Object.fromEntries(
    Object.entries(comparisons).map(([name, f]) => {
      const operator: Operator = (call) => {
        const constants = [constantAt(call, 0, 'a'), constantAt(call, 1, 'b')];
        return [mapConstants(call, constants, (a, b) => Number(f(a!, b!)), 'bool')];
      };
      return [name, operator] as const;
    }),
  ),
  Where: (call) => {
    const [which, a, b] = [constantAt(call, 0, 'a'), constantAt(call, 1, 'b'), constantAt(call, 2, 'c')];
    const picks = (condition?: number, x?: number, y?: number): number => (condition ? x! : y!);
    const type = a.type;
    if (type !== 'int64') return [mapConstants(call, [which, a, b], picks, type)];
    // What is not taken may be the number of timesteps, and so may what is.
    const wide = mapConstants(
      call,
      [which, { ...a, type: 'double' }, { ...b, type: 'double' }],
      picks,
      'double',
    );
    return [{ ...wide, type }];
  },
  Min: (call) => [mapConstants(call, all(call), (...values) => Math.min(...values))],
  Max: (call) => [mapConstants(call, all(call), (...values) => Math.max(...values))],
  Mod: (call) => {
    call.attributes.only('fmod', 0);
    return [mapConstants(call, all(call), (a, b) => ((a! % b!) + b!) % b!)];
  },
  Floor: (call) => [mapConstants(call, all(call), Math.floor)],
  Ceil: (call) => [mapConstants(call, all(call), Math.ceil)],
  Not: (call) => [mapConstants(call, all(call), (a) => Number(a === 0))],
};

function all(call: OperatorCall): Constant[] {
  return call.inputs.map((_input, index) => constantAt(call, index, 'its operand'));
}

export const elementwise: Readonly<Record<string, Operator>> = {
  Add: binary('add'),
  Sub: binary('sub'),
  Mul: binary('mul'),
  Div: binary('div'),
  Sum: sum,
  Neg: negate,
  Pow: pow,
  Sqrt: sqrt,
  Reciprocal: reciprocal,
  ...folded,
};
