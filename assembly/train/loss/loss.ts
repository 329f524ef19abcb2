// The loss of a window over the rows of the model's first output, and its gradient. A row's share is its weight over the
// sum of all weights; the losses of the rows are added in float64, in their order.

import { copyPanel } from '../../memory/copy';
import { columnsOf } from '../../memory/op-record';
import { Loss, Status } from '../../shared/codes';
import { Trainer } from '../trainer';
import { crossEntropyBackward } from './cross-entropy';
import { meanSquaredBackward } from './mean-squared';

/** Of the last window: Σ weight × loss over its rows, and Σ weight. */
export let lossSum: f64 = 0;
export let weightSum: f64 = 0;

/** The row and column of the target that was refused last. */
export let refusedTargetRow: i32 = 0;
export let refusedTargetColumn: i32 = 0;

/** Classes within the output, finite values. Rows that weigh nothing are not looked at. */
export function checkTargets(trainer: Trainer, rows: i32, kind: Loss): i32 {
  for (let row = 0; row < rows; row++) {
    if (weightOf(trainer, row) == 0) continue;
    refusedTargetRow = row;
    refusedTargetColumn = 0;
    if (kind == Loss.CrossEntropy) {
      if (load<u32>(trainer.targets + (<usize>row << 2)) >= <u32>trainer.outputSize) return Status.BadTarget;
    } else {
      for (; refusedTargetColumn < trainer.outputSize; refusedTargetColumn++) {
        const value = load<f32>(targetsOf(trainer, row) + (<usize>refusedTargetColumn << 2));
        if (!(value - value == 0)) return Status.BadTarget;
      }
    }
  }
  return Status.Ok;
}

/** Adds the gradient of the mean loss to that of the output, all zero before, and leaves the sums. */
export function lossGradient(trainer: Trainer, rows: i32, kind: Loss): void {
  lossSum = 0;
  weightSum = 0;
  for (let row = 0; row < rows; row++) weightSum += weightOf(trainer, row);
  for (let row = 0; row < rows; row++) {
    const weight = weightOf(trainer, row);
    if (weight != 0) lossSum += <f64>weight * <f64>rowGradient(trainer, row, kind, <f32>(<f64>weight / weightSum));
  }
}

/** The loss of one row, whose gradient times `scale` goes to its place. */
function rowGradient(trainer: Trainer, row: i32, kind: Loss, scale: f32): f32 {
  const panels = columnsOf(trainer.outputSize) >> 4, stride = trainer.panelStride, x = trainer.scratch;
  const from = trainer.output + (<usize>row << 6), to = trainer.outputGradient + (<usize>row << 6);
  for (let p: usize = 0; p < <usize>panels; p++) copyPanel(x + (p << 6), from + p * stride);
  const loss = kind == Loss.CrossEntropy
    ? crossEntropyBackward(x, trainer.outputSize, load<u32>(trainer.targets + (<usize>row << 2)), scale)
    : meanSquaredBackward(x, trainer.outputSize, targetsOf(trainer, row), scale);
  for (let p: usize = 0; p < <usize>panels; p++) copyPanel(to + p * stride, x + (p << 6));
  return loss;
}

// @ts-ignore: decorator
@inline
function weightOf(trainer: Trainer, row: i32): f32 {
  return load<f32>(trainer.weights + (<usize>row << 2));
}

/** The values of a row, f32[size]. */
function targetsOf(trainer: Trainer, row: i32): usize {
  return trainer.targets + (<usize>row * <usize>trainer.outputSize << 2);
}
