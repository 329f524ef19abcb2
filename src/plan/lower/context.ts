import { Base } from '../../../assembly/shared/codes.ts';
import type { Tensor } from '../../graph/definition.ts';
import type { Operand, PlanWriter } from '../writer.ts';

/** A value of the graph as ops see it: a buffer and how many of its columns are used. */
export interface Value {
  readonly buffer: Operand & { base: Base.Buffer };
  readonly size: number;
}

/** What lowering a node needs: where to write, what it reads, its tensors. */
export interface LowerContext {
  readonly plan: PlanWriter;
  readonly input: Value;
  tensor(name: string): Tensor;
  /** The scales of an int8 tensor, one per row. */
  scale(name: string): Float32Array;
}

/** The part of a buffer that begins at a column. */
export function from(buffer: Operand & { base: Base.Buffer }, column: number): Operand {
  return { base: Base.Buffer, index: buffer.index, column: buffer.column + column };
}
