import { Direction, OpCode } from '../../../assembly/shared/codes.ts';
import type { EmbeddingNode, Tensor } from '../../graph/definition.ts';
import { columnsOf, type ValueRange } from '../writer.ts';
import type { LowerContext, Value } from './context.ts';

/** A row of the table per token; an int8 table is read as float32, since a look-up multiplies nothing. */
export function lowerEmbedding(node: EmbeddingNode, context: LowerContext): Value {
  const tensor = context.tensor(node.tensors.weight);
  const [vocabulary, size] = tensor.shape as [number, number];
  const scales = tensor.dtype === 'I8' ? context.scale(node.tensors.weight) : undefined;
  const y = { buffer: context.plan.buffer(size), size };
  const table = context.plan.values({
    values: paddedTable(tensor, vocabulary, size, scales),
    sources: rowsOf(tensor, vocabulary, size),
  });
  context.plan.op({
    code: OpCode.Embedding,
    direction: Direction.None,
    operands: [context.input.buffer, table, y.buffer],
    k: vocabulary,
    n: columnsOf(size),
  });
  return y;
}

function rowsOf(tensor: Tensor, rows: number, size: number): ValueRange[] {
  const width = columnsOf(size);
  return Array.from({ length: rows }, (_, row) => ({
    tensor,
    from: row * size,
    length: size,
    to: row * width,
  }));
}

function paddedTable(
  tensor: Tensor,
  rows: number,
  size: number,
  scales: Float32Array | undefined,
): Float32Array {
  const width = columnsOf(size);
  const table = new Float32Array(rows * width);
  for (let row = 0; row < rows; row++) {
    const scale = scales?.[row] ?? 1;
    for (let i = 0; i < size; i++) table[row * width + i] = tensor.data[row * size + i]! * scale;
  }
  return table;
}
