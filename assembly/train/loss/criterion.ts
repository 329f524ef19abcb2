// A criterion: a loss with its options, in a block of its own.
//
//   header | weights f32[size] | room for one row f32[size]
//
// The loss of one row is a function (criterion, x, target, scale) of table.ts: x f32[size] are the row's outputs and become
// the gradient times `scale`.

import { columnsOf } from '../../memory/op-record';
import { Loss } from '../../shared/codes';
import { Trainer } from '../trainer';
import { rowLossOf } from './table';

@unmanaged
export class Criterion {
  kind: Loss;
  /** Outputs of a row. */
  size: i32;
  /** Index of the function of a row; 0 where the loss is one of whole sequences. */
  run: u32;
  /** What the loss has a number for: label smoothing, Huber's delta. */
  option: f32;
  /** The class that does not count, or CTC's blank; -1 for none. */
  label: i64;
  /** f32[size], by class or output: all 1 unless the host writes others. */
  weights: usize;
  /** f32[columns]. */
  row: usize;
  /** Of CTC, see ctcBytes; the host's. */
  room: usize;
}

const HEADER: usize = 64;

/** Bytes of a criterion over `size` outputs. */
export function criterionBytes(size: i32): u32 {
  return <u32>HEADER + (columnsOf(size) << 3);
}

/** Lays a criterion out in the block at `at`, all weights 1. `label`: see Criterion. */
export function criterionInit(at: usize, kind: Loss, size: i32, option: f32, label: f64): void {
  const criterion = changetype<Criterion>(at), columns = columnsOf(size);
  memory.fill(at, 0, criterionBytes(size));
  criterion.kind = kind;
  criterion.size = size;
  criterion.run = rowLossOf(kind);
  criterion.option = option;
  criterion.label = <i64>label;
  criterion.weights = at + HEADER;
  criterion.row = criterion.weights + (<usize>columns << 2);
  for (let i = 0; i < size; i++) store<f32>(criterion.weights + (<usize>i << 2), 1);
}

/** Where the host writes the weights. */
export function criterionWeights(at: usize): usize {
  return changetype<Criterion>(at).weights;
}

/** Room for the sequences of CTC, as much as the greatest of them needs. */
export function setRoom(at: usize, room: usize): void {
  changetype<Criterion>(at).room = room;
}

/** The loss of a trainer. */
export function setCriterion(at: usize, criterion: usize): void {
  changetype<Trainer>(at).criterion = criterion;
}

/** The weight of class or output i. */
// @ts-ignore: decorator
@inline
export function weightOfClass(criterion: Criterion, i: u32): f32 {
  return load<f32>(criterion.weights + (<usize>i << 2));
}
