import { OpCode } from '../../../assembly/shared/codes.ts';
import type { LstmNode, LstmTensors } from '../../graph/definition.ts';
import { GATES } from '../../graph/nodes/recurrent.ts';
import type { LowerContext, Value } from './context.ts';
import { type Half, lowerDirections } from './directions.ts';
import { lowerLstmVariant } from './lstm-variant.ts';
import { RecurrentLowering } from './recurrent.ts';

/** The file's i, f, g, o as i, f, o, g: the three sigmoids side by side. */
const ORDER = [0, 1, 3, 2];

export function lowerLstm(node: LstmNode, context: LowerContext): Value {
  const lower = isPlain(node) ? plain : lowerLstmVariant;
  return lowerDirections<LstmTensors>(node, context, (half) => lower(half, node));
}

/** Whether one op does all that is pointwise. */
function isPlain(node: LstmNode): boolean {
  const { tensors } = node;
  const parts = [tensors.peephole, tensors.weight_hr, tensors.norm_ih_weight, tensors.norm_hh_weight];
  return (
    [...parts, tensors.norm_c_weight, node.cellClip, node.gateClip].every((part) => part === undefined) &&
    !node.coupled &&
    (node.gateActivation ?? 'sigmoid') === 'sigmoid' &&
    (node.candidateActivation ?? 'tanh') === 'tanh' &&
    (node.outputActivation ?? 'tanh') === 'tanh'
  );
}

function plain(half: Half<LstmTensors>): Value {
  const cell = new RecurrentLowering(half, GATES.lstm);
  const y = cell.output();
  const gates = cell.gates(4);
  const h = cell.state('h', half.tensors.h0);
  const c = cell.state('c', half.tensors.c0);
  cell.inputProduct(ORDER, cell.bias(ORDER, 'both'), gates);
  cell.recurrentProduct(ORDER, h, gates);
  cell.op(OpCode.Lstm, [gates, c, h, y.buffer]);
  return y;
}
