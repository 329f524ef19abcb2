import { type Direction, OpCode } from '../../../assembly/shared/codes.ts';
import { columnsOf, type Operand, type Values } from '../writer.ts';
import type { LowerContext } from './context.ts';

export interface Product {
  /** Name of the weights [rows, k], float32 or int8. */
  readonly weight: string;
  readonly x: Operand;
  readonly k: number;
  readonly out: Operand;
  /** Rows of the weights in blocks of `size`: block i of the product is block order[i] of the tensor. */
  readonly order: readonly number[];
  readonly size: number;
  /** Absent: the product is added to what `out` holds. May be longer than the product; the rest is copied. */
  readonly bias?: Values;
  readonly direction: Direction;
}

/**
 * out = bias + W x, or out += W x, with W's blocks of rows (gates) reordered and each padded to whole panels; then what the
 * adapter of W gives, where the plan has one.
 */
export function lowerProduct(context: LowerContext, product: Product): void {
  const { plan } = context;
  const { weight, x, k, out, order, size, bias, direction } = product;
  const tensor = context.tensor(weight);
  const width = columnsOf(size);
  const n = order.length * width;
  const ranges = order.map((block, i) => ({ tensor, from: block * size, rows: size, to: i * width }));
  const common = { direction, k, n, ...(bias && { m: bias.values.length }) };
  const biasOperand = bias && plan.values(bias);
  if (tensor.dtype === 'F32') {
    const operands = [x, plan.panels(n, k, ranges), biasOperand, out];
    plan.op({ ...common, code: OpCode.MatvecF32, operands });
  } else {
    const scales = plan.values({ values: blocks([context.scale(weight)], order, size), sources: [] });
    const { operand, constant } = plan.int8(n, k, ranges);
    plan.op({
      ...common,
      code: OpCode.MatvecInt8,
      operands: [x, operand, biasOperand, out, scales],
      qmaxOf: constant,
    });
  }
  context.adapters?.lower(product);
}

/** The sum of vectors of blocks of `size`, block order[i] at column i * columnsOf(size), zeros between. */
export function blocks(
  vectors: readonly (Float32Array | undefined)[],
  order: readonly number[],
  size: number,
): Float32Array {
  const width = columnsOf(size);
  const result = new Float32Array(order.length * width);
  for (const vector of vectors) {
    if (!vector) continue;
    order.forEach((block, i) => {
      for (let j = 0; j < size; j++) result[i * width + j]! += vector[block * size + j]!;
    });
  }
  return result;
}
