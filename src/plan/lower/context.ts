import { Base } from '../../../assembly/shared/codes.ts';
import type { Tensor } from '../../graph/definition.ts';
import type { Operand, PlanWriter } from '../writer.ts';
import type { AdapterLowering } from './adapter.ts';

/** A value of the graph as ops see it: a buffer and how many of its columns are used. */
export interface Value {
  readonly buffer: Operand & { base: Base.Buffer };
  readonly size: number;
}

/** The value of an encoder's node as the graph around it sees it. */
export interface Encoded {
  readonly buffer: Operand & { base: Base.Encoded };
  readonly size: number;
}

/** What lowering a node needs: where to write, what it reads, its tensors. */
export interface LowerContext {
  readonly plan: PlanWriter;
  /** What the node reads, in its order. */
  readonly inputs: readonly Value[];
  /** The first of them, which for most nodes is the only one. */
  readonly input: Value;
  tensor(name: string): Tensor;
  /** The scales of an int8 tensor, one per row. */
  scale(name: string): Float32Array;
  /** The value of an encoder's node, all its timesteps, as an operand of the graph around it (`Base.Encoded`). */
  encoded(name: string): Encoded;
  /** Of a plan with adapters. */
  readonly adapters: AdapterLowering | undefined;
}

/** The part of a buffer that begins at a column. */
export function from(buffer: Operand & { base: Base.Buffer }, column: number): Operand {
  return { base: Base.Buffer, index: buffer.index, column: buffer.column + column };
}
