import { type Base, Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { StateNode, Tensor } from '../../graph/definition.ts';
import { columnsOf, type Operand, type PlanWriter, type Values } from '../writer.ts';
import type { LowerContext, Value } from './context.ts';

/**
 * The state of the timestep before in a buffer of its own, since what remembers the next one may run before all that reads
 * this one: the product of the state and ones, which are those of a buffer that nobody writes, plus one.
 */
export function lowerState({ name, size, tensors }: StateNode, { plan, tensor }: LowerContext): Value {
  const initial = tensors.initial === undefined ? undefined : beginning(tensor(tensors.initial), size);
  const state = plan.state(stateName(name), size, initial);
  const ones = plan.buffer(size);
  const y = { buffer: plan.buffer(size), size };
  const constant = (value: number) =>
    plan.values({ values: new Float32Array(columnsOf(size)).fill(value, 0, size), sources: [] });
  const operands = [plan.buffer(size), constant(0), constant(1), ones];
  plan.op({ code: OpCode.Affine, direction: Direction.Forward, operands, n: size });
  plan.op({ code: OpCode.Mul, direction: Direction.Forward, operands: [ones, state, y.buffer], n: size });
  return y;
}

/** What the next timestep finds. */
export function remember(
  plan: PlanWriter,
  state: Operand & { base: Base.State },
  { buffer, size }: Value,
): void {
  const copy = plan.buffer(size);
  plan.op({ code: OpCode.Remember, direction: Direction.Forward, operands: [buffer, state, copy], n: size });
}

/** The state of a node. */
export function stateName(node: string): string {
  return `${node}.value`;
}

function beginning(tensor: Tensor, size: number): Values {
  const values = new Float32Array(columnsOf(size));
  values.set(tensor.data);
  return { values, sources: [{ tensor, from: 0, length: size, to: 0 }] };
}
