/** Quantized weights: computed at import, exactly as the operator says; and values that are rounded on their way. */
import { float32 } from '../emitter.ts';
import { axisOf, ordered } from '../movements.ts';
import type { Operator, OperatorCall } from '../operator.ts';
import { invalid, unsupported } from '../refuse.ts';
import { numbersOf, roundHalfToEven, TYPE_NAMES } from '../tensor.ts';
import {
  type Constant,
  Elements,
  type ElementType,
  type Quantized,
  type Stream,
  streamLike,
} from '../value.ts';
import { constantAt, optionalConstantAt, valueAt } from './inputs.ts';

/** (x - zero point) scale, float32 as the operator computes it; scales along an axis where there are several. */
const dequantizeLinear: Operator = (call) => {
  const { place, attributes } = call;
  const x = valueAt(call, 0);
  const scale = constantAt(call, 1, 'its scale');
  const zero = optionalConstantAt(call, 2, 'its zero point');
  attributes.only('block_size', 0);
  attributes.ignore('output_dtype');
  if (x.kind === 'stream') return [dequantizedStream(call, x, perTensor(call, scale, zero))];
  const channel = channelOf(call, x, scale, attributes.int('axis', 1));
  const data = new Float32Array(x.data.length);
  const length = scale.data.length;
  if (zero && zero.data.length !== length)
    throw invalid(place, `it has ${length} scales and ${zero.data.length} zero points`);
  for (let at = 0; at < data.length; at++) {
    const which = length === 1 ? 0 : channel[at]!;
    data[at] = (x.data[at]! - (zero?.data[which] ?? 0)) * scale.data[which]!;
  }
  const weight: Constant = { ...x, type: 'float', data, origins: originsOf(x, scale, zero) };
  keepInt8(call, x, scale, zero, weight);
  return [weight];
};

/** What the QuantizeLinear in front of it rounded. */
function dequantizedStream(
  { place, attributes }: OperatorCall,
  { quantized, ...stream }: Stream,
  { scale, zeroPoint }: Quantized,
): Stream {
  attributes.ignore('axis');
  if (quantized === undefined)
    throw unsupported(place, 'it reads a value of each timestep that no QuantizeLinear in front of it gives');
  if (quantized.scale !== scale || quantized.zeroPoint !== zeroPoint)
    throw unsupported(
      place,
      `its scale and zero point are ${scale} and ${zeroPoint}, those of the QuantizeLinear in front of it ${quantized.scale} and ${quantized.zeroPoint}; supported are the same`,
    );
  return stream;
}

/** The one scale and zero point of a value of each timestep. */
function perTensor(call: OperatorCall, scale: Constant, zero: Constant | undefined): Quantized {
  if (scale.data.length !== 1 || (zero && zero.data.length !== 1))
    throw unsupported(
      call.place,
      `it has ${scale.data.length} scales for a value of each timestep; supported is one`,
    );
  for (const origin of originsOf(scale, zero)) call.emit.used.add(origin);
  return { scale: Math.fround(scale.data[0]!), zeroPoint: zero?.data[0] ?? 0 };
}

function originsOf(...constants: readonly (Constant | undefined)[]): ReadonlySet<string> {
  return new Set(constants.flatMap((constant) => [...(constant?.origins ?? [])]));
}

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

const RANGES: Readonly<Record<string, readonly [low: number, high: number]>> = {
  int8: [-128, 127],
  uint8: [0, 255],
  int16: [-32768, 32767],
  uint16: [0, 65535],
};

/** Of a constant, e.g. a weight that a training rounds; of a value of each timestep, where it is dequantized again. */
const quantizeLinear: Operator = (call) => {
  const { attributes } = call;
  const x = valueAt(call, 0);
  const scale = constantAt(call, 1, 'its scale');
  const zero = optionalConstantAt(call, 2, 'its zero point');
  attributes.ignore('saturate');
  attributes.only('block_size', 0);
  const type = integerType(call, zero);
  if (x.kind === 'stream') return [quantizedStream(call, x, type, perTensor(call, scale, zero))];
  const channel = channelOf(call, x, scale, attributes.int('axis', 1));
  const [low, high] = RANGES[type]!;
  const data = numbersOf(type, x.data.length);
  for (let at = 0; at < data.length; at++) {
    const which = scale.data.length === 1 ? 0 : channel[at]!;
    const rounded = roundHalfToEven(Math.fround(x.data[at]! / scale.data[which]!)) + (zero?.data[which] ?? 0);
    data[at] = Math.min(high, Math.max(low, rounded));
  }
  return [{ ...x, type, data, origins: originsOf(x, scale, zero) }];
};

/** That of the zero point, or what the attribute says where there is none. */
function integerType({ place, attributes }: OperatorCall, zero: Constant | undefined): ElementType {
  const said = attributes.int('output_dtype', 0);
  const code = said === 0 ? undefined : (TYPE_NAMES[said] ?? String(said));
  const type = zero?.type ?? code ?? 'uint8';
  if (Object.hasOwn(RANGES, type) && (code === undefined || code === type)) return type as ElementType;
  throw unsupported(
    place,
    `it gives ${code ?? type}; supported are ${Object.keys(RANGES).join(', ')}, those of its zero point`,
  );
}

/** The values that the integers stand for, marked as integers until a DequantizeLinear reads them. */
function quantizedStream(
  call: OperatorCall,
  stream: Stream,
  type: ElementType,
  quantized: Quantized,
): Stream {
  const { emit, place, node, attributes } = call;
  attributes.ignore('axis');
  const [low, high] = RANGES[type]!;
  const input = emit.use(stream, place);
  const body = { type: 'quantize', input, ...quantized, low, high } as const;
  const source = emit.node(node.outputs[0]!, body, stream.elements.length, place);
  return { ...streamLike(stream, stream.shape, new Elements([source])), quantized };
}

export const quantized: Readonly<Record<string, Operator>> = {
  DequantizeLinear: dequantizeLinear,
  QuantizeLinear: quantizeLinear,
};
