/**
 * DynamicQuantizeLSTM of com.microsoft: W [directions, inputs, 4*hidden] and R [directions, hidden, 4*hidden] in 8 bits, with
 * a scale a matrix [directions] or a row [directions, 4*hidden]. They stay int8. The framework rounds what they are multiplied
 * by to 8 bits, we to 16.
 */
import { float32 } from '../../emitter.ts';
import type { Operator } from '../../operator.ts';
import { unsupported } from '../../refuse.ts';
import type { Constant } from '../../value.ts';
import { constantAt, optionalConstantAt } from '../inputs.ts';
import { type Cell, checkShape, INPUT, matrixOf, readCell } from './call.ts';
import { emitLstm } from './cells.ts';
import type { Order, Roles } from './weights.ts';

const SCALE = { W: 8, R: 10 } as const;
const ZERO = { W: 9, R: 11 } as const;

export const dynamicQuantizeLstm: Operator = (call) => {
  // R is transposed: its hidden size is that of its rows.
  const cell = { ...readCell(call, 1), hidden: constantAt(call, INPUT.R, 'R').shape[1] ?? 0 };
  return emitLstm(cell, (roles, blocks) => {
    addMatrix(cell, roles, 'W', 'weight_ih', cell.inputs, blocks);
    addMatrix(cell, roles, 'R', 'weight_hh', cell.hidden, blocks);
  });
};

function addMatrix(
  cell: Cell,
  roles: Roles,
  what: 'W' | 'R',
  role: string,
  columns: number,
  blocks: Order,
): void {
  const { call, hidden, directions } = cell;
  const rows = 4 * hidden;
  const matrix = matrixOf(cell, INPUT[what], what, [directions, columns, rows]);
  const scale = constantAt(call, SCALE[what], `${what}_scale`);
  const isPerRow = scale.shape.length === 2;
  checkShape(call.place, scale, `${what}_scale`, isPerRow ? [directions, rows] : [directions]);
  const zero = zeroPoint(cell, what, matrix);
  const scales = float32(scale);
  const origins = [...matrix.origins, ...scale.origins];
  const shape = [blocks.length * hidden, columns] as const;
  roles.addInt8(role, shape, origins, (half) => {
    const data = new Int8Array(shape[0] * columns);
    const own = new Float32Array(shape[0]);
    for (let row = 0; row < shape[0]; row++) {
      const { from, negative } = blocks[Math.floor(row / hidden)]!;
      const place = from * hidden + (row % hidden);
      own[row] = scales[isPerRow ? half * rows + place : half]!;
      for (let column = 0; column < columns; column++) {
        const value = matrix.data[(half * columns + column) * rows + place]! - zero;
        data[row * columns + column] = negative ? -value : value;
      }
    }
    return { data, scales: own };
  });
}

/** The one number that stands for 0: 0 of int8 and 128 of uint8, which leave the range of int8. */
function zeroPoint({ call }: Cell, what: 'W' | 'R', matrix: Constant): number {
  const points = optionalConstantAt(call, ZERO[what], `${what}_zero_point`);
  const symmetric = matrix.type === 'uint8' ? 128 : 0;
  for (const origin of points?.origins ?? []) call.emit.used.add(origin);
  const other = points
    ? points.data.find((point) => point !== symmetric)
    : matrix.type === 'uint8'
      ? 0
      : undefined;
  if (other === undefined) return symmetric;
  throw unsupported(
    call.place,
    `${what}_zero_point is ${other} of ${matrix.type}; supported is ${symmetric}, a symmetric quantization`,
  );
}
