import { OpCode } from '../../../assembly/shared/codes.ts';
import type { GruNode, RecurrentTensors } from '../../graph/definition.ts';
import type { Values } from '../writer.ts';
import type { Value } from './context.ts';
import { Gates } from './gates.ts';
import type { RecurrentLowering } from './recurrent.ts';

type Cell = RecurrentLowering<RecurrentTensors>;

/** Gates [nx r z nh] as those of the plain cell: nx + r nh, then its activation. */
export function variantAfter(node: GruNode, cell: Cell, bias: Values): Value {
  const y = cell.output();
  const gates = new Gates(cell, 4, cell.half.direction, node.gateClip);
  const reset = cell.gates(1);
  const h = cell.state('h', cell.half.tensors.h0);
  cell.inputProduct([2, 0, 1], bias, gates.sums);
  cell.recurrentProduct([0, 1, 2], h, gates.sum(1));
  gates.activate(1, 2, node.gateActivation ?? 'sigmoid');
  cell.op(OpCode.Mul, [gates.activated(1), gates.sum(3), reset]);
  cell.op(OpCode.Add, [gates.sums, reset, gates.sums]);
  gates.activate(0, 1, node.candidateActivation ?? 'tanh');
  cell.op(OpCode.GruState, [gates.activated(2), h, y.buffer, gates.activated(0)]);
  return y;
}

/** Gates [r z n] as those of the plain cell: U_n is multiplied by r h. */
export function variantBefore(node: GruNode, cell: Cell): Value {
  const y = cell.output();
  const gates = new Gates(cell, 3, cell.half.direction, node.gateClip);
  const reset = cell.gates(1);
  const h = cell.state('h', cell.half.tensors.h0);
  cell.inputProduct([0, 1, 2], cell.bias([0, 1, 2], 'both'), gates.sums);
  cell.recurrentProduct([0, 1], h, gates.sums);
  gates.activate(0, 2, node.gateActivation ?? 'sigmoid');
  cell.op(OpCode.Mul, [gates.activated(0), h, reset]);
  cell.recurrentProduct([2], reset, gates.sum(2));
  gates.activate(2, 1, node.candidateActivation ?? 'tanh');
  cell.op(OpCode.GruState, [gates.activated(1), h, y.buffer, gates.activated(2)]);
  return y;
}
