import { OpCode } from '../../../assembly/shared/codes.ts';
import type { GruNode, RecurrentTensors } from '../../graph/definition.ts';
import { GATES } from '../../graph/nodes/recurrent.ts';
import type { ValueRange, Values } from '../writer.ts';
import { from, type LowerContext, type Value } from './context.ts';
import { type Half, lowerDirections } from './directions.ts';
import { variantAfter, variantBefore } from './gru-variant.ts';
import { RecurrentLowering } from './recurrent.ts';

type Cell = RecurrentLowering<RecurrentTensors>;

export function lowerGru(node: GruNode, context: LowerContext): Value {
  return lowerDirections<RecurrentTensors>(node, context, (half) => lowerHalf(node, half));
}

function lowerHalf(node: GruNode, half: Half<RecurrentTensors>): Value {
  const cell = new RecurrentLowering(half, GATES.gru);
  if (isPlain(node)) return node.resetAfter ? resetAfter(cell) : resetBefore(cell);
  return node.resetAfter ? variantAfter(node, cell, biasAfter(cell)) : variantBefore(node, cell);
}

/** Whether one op does all that is pointwise. */
function isPlain({ gateActivation, candidateActivation, gateClip }: GruNode): boolean {
  return (
    (gateActivation ?? 'sigmoid') === 'sigmoid' &&
    (candidateActivation ?? 'tanh') === 'tanh' &&
    gateClip === undefined
  );
}

/**
 * Gates [nx r z nh]: the columns of W (n r z) and of U (r z n) are both contiguous. nh starts as its bias, which the
 * input product copies behind its own columns.
 */
function resetAfter(cell: Cell): Value {
  const y = cell.output();
  const gates = cell.gates(4);
  const h = cell.state('h', cell.half.tensors.h0);
  cell.inputProduct([2, 0, 1], biasAfter(cell), gates);
  cell.recurrentProduct([0, 1, 2], h, from(gates, cell.width));
  cell.op(OpCode.GruAfter, [gates, h, y.buffer]);
  return y;
}

function biasAfter(cell: Cell): Values {
  return joined(cell.bias([2], 'ih'), cell.bias([0, 1], 'both'), cell.bias([2], 'hh'));
}

/** Gates [r z n]; U is multiplied in two parts, since its n part waits for r. */
function resetBefore(cell: Cell): Value {
  const y = cell.output();
  const gates = cell.gates(3);
  const reset = cell.gates(1);
  const h = cell.state('h', cell.half.tensors.h0);
  cell.inputProduct([0, 1, 2], cell.bias([0, 1, 2], 'both'), gates);
  cell.recurrentProduct([0, 1], h, gates);
  cell.op(OpCode.GruReset, [gates, h, reset]);
  cell.recurrentProduct([2], reset, from(gates, 2 * cell.width));
  cell.op(OpCode.GruBefore, [gates, h, y.buffer]);
  return y;
}

/** Values one behind the other. */
function joined(...parts: readonly Values[]): Values {
  const values = new Float32Array(parts.reduce((sum, part) => sum + part.values.length, 0));
  const sources: ValueRange[] = [];
  let at = 0;
  for (const part of parts) {
    values.set(part.values, at);
    for (const range of part.sources) sources.push({ ...range, to: range.to + at });
    at += part.values.length;
  }
  return { values, sources };
}
