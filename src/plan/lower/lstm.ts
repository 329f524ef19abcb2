import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { LstmNode } from '../../graph/definition.ts';
import type { LowerContext, Value } from './context.ts';
import { RecurrentLowering } from './recurrent.ts';

/** The file's i, f, g, o as i, f, o, g: the three sigmoids side by side. */
const ORDER = [0, 1, 3, 2];

export function lowerLstm(node: LstmNode, context: LowerContext): Value {
  const cell = new RecurrentLowering(context, node.tensors);
  const gates = cell.gates(4);
  const h = context.plan.state(`${node.name}.h`, cell.hidden);
  const c = context.plan.state(`${node.name}.c`, cell.hidden);
  cell.inputProduct(ORDER, cell.bias(ORDER, 'both'), gates);
  cell.recurrentProduct(ORDER, h, gates);
  context.plan.op({
    code: OpCode.Lstm,
    direction: Direction.Forward,
    operands: [gates, c, h, cell.y.buffer],
    n: cell.hidden,
  });
  return cell.y;
}
