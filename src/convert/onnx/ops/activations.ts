/** Operators of one value, and softmax. */
import type { Activation } from '../../../graph/definition.ts';
import { float32 } from '../emitter.ts';
import { axisOf } from '../movements.ts';
import type { Operator, OperatorCall } from '../operator.ts';
import { unsupported } from '../refuse.ts';
import { Elements, type Stream, sizeOf, streamLike } from '../value.ts';
import { alongAxes } from './along.ts';
import { mapConstants } from './fold.ts';
import { constantAt, scalarOf, streamAt, valueAt } from './inputs.ts';
import { broadcast } from './movements.ts';

/** A node for the whole value. */
export function activate({ emit, place, node }: OperatorCall, value: Stream, activation: Activation): Stream {
  const input = emit.use(value, place);
  const source = emit.node(
    node.outputs[0]!,
    { type: 'activation', input, activation },
    sizeOf(value.shape),
    place,
  );
  return streamLike(value, value.shape, new Elements([source]));
}

function plain(activation: Activation, compute: (x: number) => number): Operator {
  return (call) => {
    const value = valueAt(call, 0);
    if (value.kind === 'constant') return [mapConstants(call, [value], compute)];
    return [activate(call, value, activation)];
  };
}

const leakyRelu: Operator = (call) => {
  const alpha = call.attributes.float('alpha', 0.01);
  if (alpha < 0) throw unsupported(call.place, `its attribute alpha is ${alpha}; supported is 0 or more`);
  return [activate(call, streamAt(call, 0), { type: 'leaky-relu', alpha })];
};

const elu: Operator = (call) => {
  const alpha = call.attributes.float('alpha', 1);
  if (alpha < 0) throw unsupported(call.place, `its attribute alpha is ${alpha}; supported is 0 or more`);
  return [activate(call, streamAt(call, 0), { type: 'elu', alpha })];
};

const hardSigmoid: Operator = (call) => {
  const alpha = call.attributes.float('alpha', 0.2);
  const beta = call.attributes.float('beta', 0.5);
  return [activate(call, streamAt(call, 0), { type: 'hard-sigmoid', alpha, beta })];
};

/** x hardSigmoid(x) with 1/6 and 1/2. */
const hardSwish: Operator = (call) => {
  const { emit, place, node } = call;
  const value = streamAt(call, 0);
  const gate = activate(call, value, { type: 'hard-sigmoid', alpha: 1 / 6, beta: 0.5 });
  const inputs = [emit.use(value, place), emit.use(gate, place)];
  const source = emit.node(node.outputs[0]!, { type: 'mul', inputs }, sizeOf(value.shape), place);
  return [streamLike(value, value.shape, new Elements([source]))];
};

const clip: Operator = (call) => {
  const low = scalarOf(call, 1, 'min') ?? Number.NEGATIVE_INFINITY;
  const high = scalarOf(call, 2, 'max') ?? Number.POSITIVE_INFINITY;
  const input = valueAt(call, 0);
  if (input.kind === 'constant')
    return [mapConstants(call, [input], (x) => Math.min(high, Math.max(low, x)))];
  const largest = 3.4e38;
  if (low <= -largest && high >= largest) return [input];
  if (low === 0 && high >= largest) return [activate(call, input, 'relu')];
  if (low >= -1e6 && high <= 1e6 && low <= high) return [activate(call, input, { type: 'clip', low, high })];
  throw unsupported(
    call.place,
    `it clips to ${low} … ${high}; supported are two bounds within ±1e6, or 0 and none`,
  );
};

const prelu: Operator = (call) => {
  const { emit, place, node } = call;
  const value = streamAt(call, 0);
  const slope = constantAt(call, 1, 'its slope');
  const size = sizeOf(value.shape);
  const data = float32(broadcast(call, slope, value.shape, undefined));
  const weight = emit.tensor(slope.name, { dtype: 'F32', shape: [size], data }, slope.origins);
  const input = emit.use(value, place);
  const source = emit.node(node.outputs[0]!, { type: 'prelu', input, tensors: { weight } }, size, place);
  return [streamLike(value, value.shape, new Elements([source]))];
};

/** Before operator set 13 all axes from `axis` on are one. */
function softmax(activation: 'softmax' | 'log-softmax'): Operator {
  return (call) => {
    const value = streamAt(call, 0);
    const rank = value.shape.length;
    const axis = axisOf(call.place, call.attributes.int('axis', call.opset < 13 ? 1 : -1), rank);
    const axes = call.opset < 13 ? value.shape.flatMap((_size, at) => (at >= axis ? [at] : [])) : [axis];
    return [alongAxes(call, value, axes, 'normalizes', (part) => activate(call, part, activation))];
  };
}

export const activations: Readonly<Record<string, Operator>> = {
  Sigmoid: plain('sigmoid', (x) => 1 / (1 + Math.exp(-x))),
  Tanh: plain('tanh', Math.tanh),
  Relu: plain('relu', (x) => Math.max(x, 0)),
  Softsign: plain('softsign', (x) => x / (1 + Math.abs(x))),
  LeakyRelu: leakyRelu,
  Elu: elu,
  HardSigmoid: hardSigmoid,
  HardSwish: hardSwish,
  Clip: clip,
  PRelu: prelu,
  Softmax: softmax('softmax'),
  LogSoftmax: softmax('log-softmax'),
};
