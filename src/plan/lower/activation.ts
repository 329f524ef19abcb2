import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { Activation, ActivationNode } from '../../graph/definition.ts';
import type { PlanWriter } from '../writer.ts';
import type { LowerContext, Value } from './context.ts';

const CODES: Readonly<Record<Activation, OpCode>> = {
  sigmoid: OpCode.Sigmoid,
  tanh: OpCode.Tanh,
  relu: OpCode.Relu,
  softmax: OpCode.Softmax,
};

export function lowerActivation(node: ActivationNode, context: LowerContext): Value {
  const y = { buffer: context.plan.buffer(context.input.size), size: context.input.size };
  activate(context.plan, node.activation, context.input, y);
  return y;
}

/** y = activation(x); x and y may be the same. */
export function activate(plan: PlanWriter, activation: Activation, x: Value, y: Value): void {
  plan.op({ code: CODES[activation], direction: Direction.None, operands: [x.buffer, y.buffer], n: x.size });
}
