import { OpCode } from '../../../assembly/shared/codes.ts';
import type { RecurrentTensors, RnnNode } from '../../graph/definition.ts';
import { GATES } from '../../graph/nodes/recurrent.ts';
import type { LowerContext, Value } from './context.ts';
import { type Half, lowerDirections } from './directions.ts';
import { Gates } from './gates.ts';
import { RecurrentLowering } from './recurrent.ts';

export function lowerRnn(node: RnnNode, context: LowerContext): Value {
  return lowerDirections<RecurrentTensors>(node, context, (half) => lowerHalf(node, half));
}

function lowerHalf({ nonlinearity }: RnnNode, half: Half<RecurrentTensors>): Value {
  const cell = new RecurrentLowering(half, GATES.rnn);
  const y = cell.output();
  const gates = new Gates(cell, 1, half.direction);
  const h = cell.state('h', half.tensors.h0);
  cell.inputProduct([0], cell.bias([0], 'both'), gates.sums);
  cell.recurrentProduct([0], h, gates.sums);
  const operands = [gates.sums, h, y.buffer];
  if (nonlinearity === 'relu') cell.op(OpCode.RnnRelu, operands);
  else if (nonlinearity === 'tanh') cell.op(OpCode.RnnTanh, operands);
  else {
    gates.activate(0, 1, nonlinearity);
    cell.op(OpCode.Remember, operands);
  }
  return y;
}
