/** Quantized weights: computed at import, exactly as the operator says. */
import { float32 } from '../emitter.ts';
import { axisOf, ordered } from '../movements.ts';
import type { Operator, OperatorCall } from '../operator.ts';
import { invalid, unsupported } from '../refuse.ts';
import type { Constant } from '../value.ts';
import { constantAt, optionalConstantAt, valueAt } from './inputs.ts';

/** (x - zero point) scale, float32 as the operator computes it; scales along an axis where there are several. */
const dequantizeLinear: Operator = (call) => {
  const { place, attributes } = call;
  const x = constantAt(call, 0, 'what it dequantizes');
  const scale = constantAt(call, 1, 'its scale');
  const zero = optionalConstantAt(call, 2, 'its zero point');
  attributes.only('block_size', 0);
  attributes.ignore('output_dtype');
  const channel = channelOf(call, x, scale, attributes.int('axis', 1));
  const data = new Float32Array(x.data.length);
  const length = scale.data.length;
  if (zero && zero.data.length !== length)
    throw invalid(place, `it has ${length} scales and ${zero.data.length} zero points`);
  for (let at = 0; at < data.length; at++) {
    const which = length === 1 ? 0 : channel[at]!;
    data[at] = (x.data[at]! - (zero?.data[which] ?? 0)) * scale.data[which]!;
  }
  const origins = new Set([...x.origins, ...scale.origins, ...(zero?.origins ?? [])]);
  const weight: Constant = { ...x, type: 'float', data, origins };
  keepInt8(call, x, scale, zero, weight);
  return [weight];
};

/** A matrix of int8 with a scale for each row or column, around 0, needs not become float32 to be multiplied by. */
function keepInt8(
  { emit, attributes }: OperatorCall,
  x: Constant,
  scale: Constant,
  zero: Constant | undefined,
  weight: Constant,
): void {
  const centred = zero?.data.every((value) => value === 0) ?? true;
  if (!centred || !(x.data instanceof Int8Array) || x.shape.length !== 2 || x.data.includes(-128)) return;
  const axis = attributes.int('axis', 1);
  const byRows = axis === 0 || axis === -2;
  if (scale.data.length !== x.shape[byRows ? 0 : 1]) return;
  emit.remember(weight, { data: x.data, scale: float32(scale), byRows });
}

/** The index of each element along the axis of the scales. */
function channelOf({ place }: OperatorCall, x: Constant, scale: Constant, axis: number): Int32Array {
  if (scale.data.length === 1) return new Int32Array(0);
  const along = axisOf(place, axis, x.shape.length);
  if (x.shape[along] !== scale.data.length)
    throw invalid(place, `it has ${scale.data.length} scales for axis ${along} of [${x.shape.join(', ')}]`);
  const strides = x.shape.map((_size, at) => (at === along ? 1 : 0));
  return ordered(place, x.shape, strides, 0, x.data.length);
}

const ROUNDS = { int8: [-128, 127], uint8: [0, 255] } as const;

/** Of a constant, e.g. a weight that a training rounds. */
const quantizeLinear: Operator = (call) => {
  const { place, attributes } = call;
  const x = valueAt(call, 0);
  if (x.kind === 'stream')
    throw unsupported(
      place,
      'it rounds a value of each timestep; supported are quantized weights, with float32 values between them',
    );
  const scale = constantAt(call, 1, 'its scale');
  const zero = optionalConstantAt(call, 2, 'its zero point');
  attributes.ignore('saturate', 'output_dtype');
  attributes.only('block_size', 0);
  const channel = channelOf(call, x, scale, attributes.int('axis', 1));
  const type = zero?.type ?? 'uint8';
  if (type !== 'int8' && type !== 'uint8')
    throw unsupported(place, `it gives ${type}; supported are int8 and uint8`);
  const [low, high] = ROUNDS[type];
  const data = type === 'int8' ? new Int8Array(x.data.length) : new Uint8Array(x.data.length);
  for (let at = 0; at < data.length; at++) {
    const which = scale.data.length === 1 ? 0 : channel[at]!;
    const rounded = roundToEven(Math.fround(x.data[at]! / scale.data[which]!)) + (zero?.data[which] ?? 0);
    data[at] = Math.min(high, Math.max(low, rounded));
  }
  return [{ ...x, type, data, origins: new Set([...x.origins, ...scale.origins, ...(zero?.origins ?? [])]) }];
};

function roundToEven(x: number): number {
  const nearest = Math.round(x);
  return Math.abs(x % 1) === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}

export const quantized: Readonly<Record<string, Operator>> = {
  DequantizeLinear: dequantizeLinear,
  QuantizeLinear: quantizeLinear,
};
