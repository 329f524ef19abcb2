import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { GruNode } from '../../graph/definition.ts';
import type { ValueRange, Values } from '../writer.ts';
import { from, type LowerContext, type Value } from './context.ts';
import { RecurrentLowering } from './recurrent.ts';

export function lowerGru(node: GruNode, context: LowerContext): Value {
  return node.resetAfter ? resetAfter(node, context) : resetBefore(node, context);
}

/**
 * Gates [nx r z nh]: the columns of W (n r z) and of U (r z n) are both contiguous. nh starts as its bias, which the
 * input product copies behind its own columns.
 */
function resetAfter(node: GruNode, context: LowerContext): Value {
  const cell = new RecurrentLowering(context, node.tensors);
  const gates = cell.gates(4);
  const h = context.plan.state(`${node.name}.h`, cell.hidden);
  const bias = joined(cell.bias([2], 'ih'), cell.bias([0, 1], 'both'), cell.bias([2], 'hh'));
  cell.inputProduct([2, 0, 1], bias, gates);
  cell.recurrentProduct([0, 1, 2], h, from(gates, cell.width));
  context.plan.op({
    code: OpCode.GruAfter,
    direction: Direction.Forward,
    operands: [gates, h, cell.y.buffer],
    n: cell.hidden,
  });
  return cell.y;
}

/** Gates [r z n]; U is multiplied in two parts, since its n part waits for r. */
function resetBefore(node: GruNode, context: LowerContext): Value {
  const { plan } = context;
  const cell = new RecurrentLowering(context, node.tensors);
  const gates = cell.gates(3);
  const reset = plan.buffer(cell.hidden);
  const h = plan.state(`${node.name}.h`, cell.hidden);
  const direction = Direction.Forward;
  cell.inputProduct([0, 1, 2], cell.bias([0, 1, 2], 'both'), gates);
  cell.recurrentProduct([0, 1], h, gates);
  plan.op({ code: OpCode.GruReset, direction, operands: [gates, h, reset], n: cell.hidden });
  cell.recurrentProduct([2], reset, from(gates, 2 * cell.width));
  plan.op({ code: OpCode.GruBefore, direction, operands: [gates, h, cell.y.buffer], n: cell.hidden });
  return cell.y;
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
