import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { MinGruNode, MinimalTensors } from '../../graph/definition.ts';
import { MINGRU_GATES } from '../../graph/nodes/mingru.ts';
import type { LowerContext, Value } from './context.ts';
import { lowerDirections } from './directions.ts';
import { Gates } from './gates.ts';
import { RecurrentLowering } from './recurrent.ts';

/** Gates [z n]. They depend on the input alone, so all timesteps are computed at once, up to the state. */
export function lowerMinGru(node: MinGruNode, context: LowerContext): Value {
  return lowerDirections<MinimalTensors>(node, context, (half) => {
    const cell = new RecurrentLowering(half, MINGRU_GATES);
    const y = cell.output();
    const gates = new Gates(cell, 2, Direction.None);
    const h = cell.state('h', half.tensors.h0);
    cell.inputProduct([0, 1], cell.bias([0, 1], 'ih'), gates.sums);
    gates.activate(0, 1, 'sigmoid');
    gates.activate(1, 1, node.candidateActivation ?? 'identity');
    cell.op(OpCode.MinGruState, [gates.activated(0), h, y.buffer, gates.activated(1)]);
    return y;
  });
}
