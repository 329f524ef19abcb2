import { Base, Direction, OpCode } from '../../../assembly/shared/codes.ts';
import { resolveActivation } from '../../graph/activation.ts';
import type { Activation, ActivationName, ActivationNode, GateActivation } from '../../graph/definition.ts';
import type { Operand, PlanWriter } from '../writer.ts';
import type { LowerContext, Value } from './context.ts';

const CODES: Readonly<Record<ActivationName, OpCode>> = {
  sigmoid: OpCode.Sigmoid,
  tanh: OpCode.Tanh,
  relu: OpCode.Relu,
  softmax: OpCode.Softmax,
  'hard-sigmoid': OpCode.HardSigmoid,
  'leaky-relu': OpCode.LeakyRelu,
  elu: OpCode.Elu,
  softsign: OpCode.Softsign,
  clip: OpCode.Clip,
  sqrt: OpCode.Sqrt,
  'log-softmax': OpCode.LogSoftmax,
};

export function lowerActivation(node: ActivationNode, { plan, input }: LowerContext): Value {
  const y = { buffer: plan.buffer(input.size), size: input.size };
  activate(plan, node.activation, input.buffer, y.buffer, input.size, Direction.None);
  return y;
}

/** y = activation(x), n columns; x and y are buffers and may be the same. */
export function activate(
  plan: PlanWriter,
  activation: Activation | GateActivation,
  x: Operand,
  y: Operand,
  n: number,
  direction: Direction,
): void {
  const { name, parameters } = resolveActivation(activation);
  if (name === 'identity') {
    if (!isSame(x, y)) plan.op({ code: OpCode.CopyColumns, direction, operands: [x, y], n });
    return;
  }
  const constant = parameters.length > 0 ? plan.parameters(...parameters) : undefined;
  plan.op({ code: CODES[name], direction, operands: [x, y, constant], n });
}

function isSame(x: Operand, y: Operand): boolean {
  return x.base === Base.Buffer && y.base === Base.Buffer && x.index === y.index && x.column === y.column;
}
