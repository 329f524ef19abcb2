// What the targets of a loss may be. Rows that weigh nothing are not looked at; labels of sequences the host has checked.

import { Loss, Status } from '../../shared/codes';
import { Criterion } from './criterion';

/** The row and column of the target that was refused last. */
export let refusedTargetRow: i32 = 0;
export let refusedTargetColumn: i32 = 0;

/** Of `rows` rows; `weights`: f32, one a row, or 0 where all count. */
export function checkTargets(at: usize, targets: usize, weights: usize, rows: i32): i32 {
  const criterion = changetype<Criterion>(at);
  if (criterion.kind == Loss.Ctc) return Status.Ok;
  const bytes = targetBytes(criterion);
  for (let row = 0; row < rows; row++) {
    if (weights && load<f32>(weights + (<usize>row << 2)) == 0) continue;
    refusedTargetRow = row;
    if (!isTarget(criterion, targets + <usize>row * bytes)) return Status.BadTarget;
  }
  return Status.Ok;
}

/** Bytes from the target of a row to the next: a class, or a value for each output. */
export function targetBytes(criterion: Criterion): usize {
  return criterion.kind == Loss.CrossEntropy ? 4 : <usize>criterion.size << 2;
}

function isTarget(criterion: Criterion, target: usize): bool {
  refusedTargetColumn = 0;
  if (criterion.kind == Loss.CrossEntropy) {
    const t = load<u32>(target);
    return t < <u32>criterion.size || <i64>t == criterion.label;
  }
  for (; refusedTargetColumn < criterion.size; refusedTargetColumn++) {
    const value = load<f32>(target + (<usize>refusedTargetColumn << 2));
    if (!(value - value == 0)) return false;
    if (criterion.kind == Loss.BinaryCrossEntropy && (value < 0 || value > 1)) return false;
  }
  return true;
}
