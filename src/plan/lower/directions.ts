import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { RecurrentNode, WithReverse } from '../../graph/definition.ts';
import { concatenate } from './concat.ts';
import type { LowerContext, Value } from './context.ts';

/** A cell that goes through time one way, with its own tensors and states. */
export interface Half<T> {
  readonly context: LowerContext;
  /** Its states are `<name>.h`, `<name>.c`. */
  readonly name: string;
  readonly direction: Direction.Forward | Direction.Backward;
  readonly tensors: T;
}

type Merge = NonNullable<RecurrentNode['merge']>;

const ELEMENTWISE = { sum: OpCode.Add, mul: OpCode.Mul, average: OpCode.Average } as const;

/** A node as one cell, or as two whose outputs are merged. */
export function lowerDirections<T extends object>(
  node: RecurrentNode & { readonly tensors: WithReverse<T> },
  context: LowerContext,
  lower: (half: Half<T>) => Value,
): Value {
  const { name, tensors } = node;
  const direction = node.direction === 'backward' ? Direction.Backward : Direction.Forward;
  const first = lower({ context, name, direction, tensors });
  if (node.direction !== 'both') return first;
  const second = lower({
    context,
    name: `${name}.reverse`,
    direction: Direction.Backward,
    tensors: reverseTensors(tensors),
  });
  return mergeHalves(node.merge ?? 'concat', first, second, context);
}

/** The tensors of the backward half under the roles of a cell. */
function reverseTensors<T extends object>(tensors: WithReverse<T>): T {
  const suffix = '_reverse';
  const reverse = Object.entries(tensors).filter(([role]) => role.endsWith(suffix));
  return Object.fromEntries(reverse.map(([role, name]) => [role.slice(0, -suffix.length), name])) as T;
}

function mergeHalves(merge: Merge, first: Value, second: Value, { plan }: LowerContext): Value {
  if (merge === 'concat') return concatenate({ plan, inputs: [first, second] });
  const { size } = first;
  const out = { buffer: plan.buffer(size), size };
  plan.op({
    code: ELEMENTWISE[merge],
    direction: Direction.None,
    operands: [first.buffer, second.buffer, out.buffer],
    n: size,
  });
  return out;
}
