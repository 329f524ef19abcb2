/** Blocks of rows of ONNX's tensors, in our order. */
import { float32 } from '../../emitter.ts';
import type { Constant } from '../../value.ts';
import type { Cell } from './call.ts';

/** Which block of the file's a block of ours is, and its sign where it is not 1. */
export interface Block {
  readonly from: number;
  readonly negative?: boolean;
}

export type Order = readonly Block[];

/** Blocks in an order, as they are. */
export function order(...blocks: readonly number[]): Order {
  return blocks.map((from) => ({ from }));
}

/**
 * Blocks of `hidden` rows of one direction.
 *
 * @param first values of the constant before its blocks
 * @param row values of a row
 */
export function rowsOf(
  constant: Constant,
  first: number,
  blocks: Order,
  hidden: number,
  row: number,
): Float32Array {
  const data = float32(constant);
  const size = hidden * row;
  const isView = blocks.every(({ from, negative }, at) => !negative && from === blocks[0]!.from + at);
  const begin = first + (blocks[0]?.from ?? 0) * size;
  if (isView) return data.subarray(begin, begin + blocks.length * size);
  const result = new Float32Array(blocks.length * size);
  blocks.forEach(({ from, negative }, at) => {
    const block = data.subarray(first + from * size, first + (from + 1) * size);
    if (negative) for (let i = 0; i < size; i++) result[at * size + i] = -block[i]!;
    else result.set(block, at * size);
  });
  return result;
}

/** The names of tensors by role, `_reverse` behind those of the second direction. */
export class Roles {
  readonly names: Record<string, string> = {};
  readonly #cell: Cell;

  constructor(cell: Cell) {
    this.#cell = cell;
  }

  /** A tensor of each direction: `make` gives its data. */
  add(
    role: string,
    shape: readonly number[],
    origins: Iterable<string>,
    make: (half: number) => Float32Array,
  ): void {
    for (let half = 0; half < this.#cell.directions; half++) {
      const key = half === 0 ? role : `${role}_reverse`;
      const tensor = { dtype: 'F32', shape, data: make(half) } as const;
      this.names[key] = this.#cell.call.emit.tensor(`${this.#cell.name}.${key}`, tensor, origins);
    }
  }

  /** The same of int8, with a scale a row. */
  addInt8(
    role: string,
    shape: readonly [number, number],
    origins: Iterable<string>,
    make: (half: number) => { readonly data: Int8Array; readonly scales: Float32Array },
  ): void {
    for (let half = 0; half < this.#cell.directions; half++) {
      const key = half === 0 ? role : `${role}_reverse`;
      const { data, scales } = make(half);
      const { emit } = this.#cell.call;
      const name = emit.tensor(`${this.#cell.name}.${key}`, { dtype: 'I8', shape, data }, origins);
      emit.tensors.set(`${name}.scale`, { dtype: 'F32', shape: [shape[0]], data: scales });
      this.names[key] = name;
    }
  }
}
