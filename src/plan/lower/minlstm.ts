import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { MinimalTensors, MinLstmNode } from '../../graph/definition.ts';
import { MINLSTM_GATES } from '../../graph/nodes/minlstm.ts';
import type { LowerContext, Value } from './context.ts';
import { lowerDirections } from './directions.ts';
import { Gates } from './gates.ts';
import { RecurrentLowering } from './recurrent.ts';

/** Gates [f i n]. They depend on the input alone, so all timesteps are computed at once, up to the state. */
export function lowerMinLstm(node: MinLstmNode, context: LowerContext): Value {
  return lowerDirections<MinimalTensors>(node, context, (half) => {
    const cell = new RecurrentLowering(half, MINLSTM_GATES);
    const y = cell.output();
    const gates = new Gates(cell, 3, Direction.None);
    const h = cell.state('h', half.tensors.h0);
    cell.inputProduct([0, 1, 2], cell.bias([0, 1, 2], 'ih'), gates.sums);
    gates.activate(0, 2, 'sigmoid');
    gates.activate(2, 1, node.candidateActivation ?? 'identity');
    cell.op(OpCode.MinLstmState, [gates.activated(0), h, y.buffer, gates.activated(2)]);
    return y;
  });
}
