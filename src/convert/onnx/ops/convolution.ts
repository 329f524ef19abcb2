/** Conv and pooling, over one axis: time, or the width of a frame within a timestep. */
import { float32 } from '../emitter.ts';
import { moved } from '../movements.ts';
import type { Operator, OperatorCall } from '../operator.ts';
import { invalid, unsupported } from '../refuse.ts';
import { type Constant, Elements, type Stream, streamLike } from '../value.ts';
import { constantAt, optionalConstantAt, streamAt } from './inputs.ts';
import { zerosAround } from './pad.ts';

interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly pads: readonly [before: number, after: number];
}

/** Attributes of a window over one axis; a width of a frame is needed for automatic padding alone. */
function windowOf(call: OperatorCall, kernel: number, width: number): Window {
  const { attributes, place } = call;
  const one = (name: string, absent: number): number => {
    const list = attributes.ints(name);
    if (list === undefined) return absent;
    if (list.length === 1 && list[0]! >= 1) return list[0]!;
    throw unsupported(place, `its attribute ${name} is [${list}]; supported is one axis, 1 or more`);
  };
  const stride = one('strides', 1);
  const dilation = one('dilations', 1);
  if (one('kernel_shape', kernel) !== kernel)
    throw invalid(place, 'its kernel_shape is not that of its weight');
  const given = attributes.ints('pads') ?? [0, 0];
  if (given.length !== 2 || given.some((pad) => !(pad >= 0)))
    throw unsupported(place, `its attribute pads is [${given}]; supported are two, 0 or more`);
  const automatic = attributes.string('auto_pad', 'NOTSET');
  const pads = given as unknown as readonly [number, number];
  if (automatic === 'NOTSET') return { kernel, stride, dilation, pads };
  if (automatic === 'VALID') return { kernel, stride, dilation, pads: [0, 0] };
  if (automatic !== 'SAME_UPPER' && automatic !== 'SAME_LOWER')
    throw unsupported(
      place,
      `its attribute auto_pad is ${automatic}; supported are NOTSET, VALID, SAME_UPPER, SAME_LOWER`,
    );
  const total = Math.max(0, (Math.ceil(width / stride) - 1) * stride + (kernel - 1) * dilation + 1 - width);
  const less = Math.floor(total / 2);
  const same: readonly [number, number] =
    automatic === 'SAME_UPPER' ? [less, total - less] : [total - less, less];
  return { kernel, stride, dilation, pads: same };
}

const conv: Operator = (call) => {
  const x = streamAt(call, 0);
  const weight = constantAt(call, 1, 'its weight');
  const bias = optionalConstantAt(call, 2, 'its bias');
  const group = call.attributes.int('group', 1);
  const [units, , kernel] = weight.shape;
  if (weight.shape.length !== 3 || x.shape.length !== 3)
    throw unsupported(
      call.place,
      `its weight has ${weight.shape.length} axes, its input ${x.shape.length}; supported is Conv over one axis: 3`,
    );
  const channels = x.shape[1]!;
  if (weight.shape[1]! * group !== channels || !(units! % group === 0))
    throw invalid(
      call.place,
      `its weight [${weight.shape}] does not fit ${channels} channels in ${group} groups`,
    );
  if (x.time === 1)
    throw unsupported(call.place, 'its channels are the axis of time; supported is the last axis, or none');
  const whole = group === 1 ? weight : ungrouped(call, weight, group);
  const make = { call, x, weight: whole, bias, units: units! };
  const window = windowOf(call, kernel!, x.time === 2 ? 1 : x.shape[2]!);
  return [x.time === 2 ? overTime(make, window) : withinFrame(make, window)];
};

interface Convolution {
  readonly call: OperatorCall;
  readonly x: Stream;
  /** [units, channels, kernel] */
  readonly weight: Constant;
  readonly bias: Constant | undefined;
  readonly units: number;
}

/** A unit of a group reads the channels of its group: zeros for the others. */
function ungrouped({ place, emit }: OperatorCall, weight: Constant, group: number): Constant {
  const [units, part, kernel] = weight.shape as [number, number, number];
  const channels = part * group;
  if (units * channels * kernel > 1 << 22)
    throw unsupported(
      place,
      `its ${group} groups need a matrix of ${units * channels * kernel} elements; supported are 4194304`,
    );
  const data = new Float32Array(units * channels * kernel);
  for (let unit = 0; unit < units; unit++) {
    const first = Math.floor(unit / (units / group)) * part;
    const row = weight.data.subarray(unit * part * kernel, (unit + 1) * part * kernel);
    data.set(row as Float32Array, (unit * channels + first) * kernel);
  }
  emit.note(`${place}: its ${group} groups are one with zeros between them`);
  return { ...weight, type: 'float', shape: [units, channels, kernel], data };
}

function tensorsOf({ call, weight, bias, units }: Convolution, shape: readonly number[]) {
  const { emit } = call;
  const form = `convolution ${shape.length}`;
  return {
    weight: emit.weight(weight, form, () => ({ shape, data: float32(weight) })),
    ...(bias && { bias: emit.weight(bias, '', () => ({ shape: [units], data: float32(bias) })) }),
  };
}

/** Causal: what is padded lies before the first timestep, or is cut off behind the last. */
function overTime(convolution: Convolution, { kernel, stride, dilation, pads }: Window): Stream {
  const { call, x, weight, units } = convolution;
  const { emit, place, node } = call;
  const past = (kernel - 1) * dilation;
  const before = x.padded[0] + pads[0];
  const after = x.padded[1] + pads[1];
  if (stride !== 1) throw unsupported(place, `its stride over time is ${stride}; supported is 1`);
  if (before !== past || call.attributes.string('auto_pad', 'NOTSET').startsWith('SAME')) {
    throw unsupported(
      place,
      `it is padded by ${before} timesteps before the first, its kernel looks ${past} back; supported are causal ` +
        `convolutions over time: padded by ${past} (what is too much behind the last is cut off by a Slice)`,
    );
  }
  const channels = x.shape[1]!;
  const input = emit.use({ ...x, padded: [0, 0] }, place);
  const name = node.outputs[0]!;
  const source =
    kernel === 1
      ? emit.node(
          name,
          { type: 'dense', input, tensors: tensorsOf(convolution, [units, channels]) },
          units,
          place,
        )
      : emit.node(
          name,
          { type: 'convolution', input, tensors: tensorsOf(convolution, weight.shape), dilation },
          units,
          place,
        );
  return { ...streamLike(x, [x.shape[0]!, units, 1], new Elements([source])), padded: [0, after] };
}

function withinFrame(convolution: Convolution, window: Window): Stream {
  const { call, x, weight, units } = convolution;
  const { emit, place, node } = call;
  const { kernel, stride, dilation, pads } = window;
  if (x.padded[0] + x.padded[1] > 0)
    throw unsupported(place, 'time is padded in front of it, but it is not over time; supported is that');
  if (x.shape[0] !== 1 && x.time !== 0)
    throw unsupported(place, `it has a batch of ${x.shape[0]}; supported is 1, or a free batch axis`);
  const even = pads[0] === pads[1];
  const padded = even ? x : zerosAround(call, x, 2, pads);
  const padding = even ? pads[0] : 0;
  const width = padded.shape[2]! + 2 * padding;
  const positions = Math.floor((width - (kernel - 1) * dilation - 1) / stride) + 1;
  if (positions < 1) throw invalid(place, `its kernel of ${kernel} is longer than its frame of ${width}`);
  const name = node.outputs[0]!;
  if (positions === 1 && padding === 0 && width === kernel) {
    const tensors = tensorsOf(convolution, [units, weight.shape[1]! * kernel]);
    const source = emit.node(name, { type: 'dense', input: emit.use(padded, place), tensors }, units, place);
    return streamLike(x, [x.shape[0]!, units, 1], new Elements([source]));
  }
  // Where the frame lies [width][channels] in a value of ours, it need not be turned around.
  const turned = turnedFrame(padded);
  const last = padded.elements.whole() === undefined && turned.elements.whole() !== undefined;
  const options = {
    ...(stride > 1 && { stride }),
    ...(dilation > 1 && { dilation }),
    ...(padding > 0 && { padding }),
  };
  const body = {
    type: 'frame-convolution',
    input: emit.use(last ? turned : padded, place),
    tensors: tensorsOf(convolution, weight.shape),
    ...options,
    layout: last ? 'channels-last' : 'channels-first',
  } as const;
  const elements = new Elements([emit.node(name, body, units * positions, place)]);
  if (!last) return streamLike(x, [x.shape[0]!, units, positions], elements);
  return turnedFrame(streamLike(x, [x.shape[0]!, positions, units], elements));
}

/** A frame with its last two axes changed. */
function turnedFrame(x: Stream): Stream {
  const [batch, rows, columns] = x.shape as [number, number, number];
  const order = Int32Array.from(
    { length: rows * columns },
    (_, at) => (at % rows) * columns + Math.floor(at / rows),
  );
  return moved(x, [batch, columns, rows], order, x.time);
}

function pool(operation: 'max' | 'average'): Operator {
  return (call) => {
    const { attributes, emit, place, node } = call;
    const x = streamAt(call, 0);
    const kernelShape = attributes.ints('kernel_shape') ?? [];
    const [kernel] = kernelShape;
    if (kernelShape.length !== 1 || x.shape.length !== 3 || x.time === 2 || x.time === 1)
      throw unsupported(place, 'supported is pooling over the width of a frame, [batch, channels, width]');
    attributes.only('ceil_mode', 0);
    attributes.only('storage_order', 0);
    const counts = attributes.int('count_include_pad', 0) === 1;
    const { stride, dilation, pads } = windowOf(call, kernel!, x.shape[2]!);
    const even = pads[0] === pads[1] && pads[0] * 2 <= kernel!;
    if (dilation !== 1 || !even || (operation === 'average' && pads[0] > 0 && !counts))
      throw unsupported(
        place,
        `its dilation is ${dilation}, its pads [${pads}]; supported are 1, and even pads that an average counts`,
      );
    const [batch, channels, width] = x.shape as [number, number, number];
    const positions = Math.floor((width + 2 * pads[0] - kernel!) / stride) + 1;
    const body = {
      type: 'frame-pooling',
      input: emit.use(x, place),
      operation,
      channels,
      kernel: kernel!,
      stride,
      padding: pads[0],
      layout: 'channels-first',
    } as const;
    const source = emit.node(node.outputs[0]!, body, channels * positions, place);
    return [streamLike(x, [batch, channels, positions], new Elements([source]))];
  };
}

export const convolutions: Readonly<Record<string, Operator>> = {
  Conv: conv,
  MaxPool: pool('max'),
  AveragePool: pool('average'),
};
