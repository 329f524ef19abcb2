// The layouts of the study: rows in groups of four units of one gate, several groups to a block.

import type { ModelDefinition } from '../../../src/graph/definition.ts';

/** One layer's tensors, its matrices side by side: weights [gates*hidden, input + hidden]. */
export interface JointWeights {
  readonly hidden: number;
  readonly columns: number;
  readonly weights: Float32Array;
  readonly biasInput: Float32Array;
  readonly biasHidden: Float32Array;
}

/** A row of the packed matrix: its row in the model, and 0.5 where it feeds a sigmoid, which is computed by tanh. */
export interface PackedRow {
  readonly row: number;
  readonly factor: number;
}

/** The model's numbers: float32 weights as they are, int8 ones without their scales. */
export function jointWeights(definition: ModelDefinition): JointWeights {
  const data = (name: string) => definition.tensors.get(`rnn.${name}_l0`)!.data;
  const [ih, hh] = [data('weight_ih'), data('weight_hh')];
  const [rows, hidden] = definition.tensors.get('rnn.weight_hh_l0')!.shape as [number, number];
  const input = ih.length / rows;
  const columns = input + hidden;
  const weights = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    weights.set(ih.subarray(row * input, (row + 1) * input), row * columns);
    weights.set(hh.subarray(row * hidden, (row + 1) * hidden), row * columns + input);
  }
  const [biasInput, biasHidden] = [data('bias_ih') as Float32Array, data('bias_hh') as Float32Array];
  return { hidden, columns, weights, biasInput, biasHidden };
}

/** Blocks of eight units: `groups` lists (gate, first unit) of four rows each. */
export function rowOrder(
  hidden: number,
  groups: readonly (readonly [gate: number, unit: number])[],
  sigmoids: readonly number[],
): PackedRow[] {
  const order: PackedRow[] = [];
  for (let block = 0; block < hidden; block += 8) {
    for (const [gate, first] of groups) {
      const factor = sigmoids.includes(gate) ? 0.5 : 1;
      for (let i = 0; i < 4; i++) order.push({ row: gate * hidden + block + first + i, factor });
    }
  }
  return order;
}

/** [blocks][columns][rows of a block] */
export function packFloat32(
  joint: JointWeights,
  order: readonly PackedRow[],
  blockRows: number,
): Float32Array {
  const { columns, weights } = joint;
  const packed = new Float32Array(order.length * columns);
  let to = 0;
  for (let block = 0; block < order.length; block += blockRows) {
    for (let column = 0; column < columns; column++) {
      for (const { row, factor } of order.slice(block, block + blockRows)) {
        packed[to++] = weights[row * columns + column]! * factor;
      }
    }
  }
  return packed;
}

/** [blocks][columns/2][rows/8][4 rows][2 columns], one row in the high byte and the one four below it in the low. */
export function packInt8(joint: JointWeights, order: readonly PackedRow[], blockRows: number): Int16Array {
  const { columns, weights } = joint;
  const packed = new Int16Array((order.length * columns) / 2);
  const weight = (at: number, column: number) => weights[order[at]!.row * columns + column]!;
  let to = 0;
  for (let block = 0; block < order.length; block += blockRows) {
    for (let column = 0; column < columns; column += 2) {
      for (let group = block; group < block + blockRows; group += 8) {
        for (let i = group; i < group + 4; i++) {
          for (const k of [column, column + 1]) {
            packed[to++] = (weight(i, k) << 8) | ((weight(i + 4, k) + 128) & 255);
          }
        }
      }
    }
  }
  return packed;
}

/** The activations' bound for which no sum over the columns from … to - 1 of int8 weights leaves int32. */
export function qmaxOf({ columns, weights }: JointWeights, from: number, to: number): number {
  let largest = 1;
  for (let row = 0; row < weights.length; row += columns) {
    let sum = 0;
    for (let column = from; column < to; column++) sum += Math.abs(weights[row + column]!);
    largest = Math.max(largest, sum);
  }
  return Math.min(32767, Math.floor((2 ** 31 - 1) / largest));
}
