import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { RnnNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';
import { RecurrentLowering } from './recurrent.ts';

export function lowerRnn(node: RnnNode, context: LowerContext): Value {
  const cell = new RecurrentLowering(context, node.tensors);
  const gates = cell.gates(1);
  const h = context.plan.state(`${node.name}.h`, cell.hidden);
  cell.inputProduct([0], cell.bias([0], 'both'), gates);
  cell.recurrentProduct([0], h, gates);
  context.plan.op({
    code: node.nonlinearity === 'relu' ? OpCode.RnnRelu : OpCode.RnnTanh,
    direction: Direction.Forward,
    operands: [gates, h, cell.y.buffer],
    n: cell.hidden,
  });
  return cell.y;
}
