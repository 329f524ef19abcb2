// The loss of a window over the rows of the model's first output, and its gradient. A row's share is its weight over the
// sum of all weights; the losses of the rows are added in float64, in their order.
//
// A row's weight is the host's, times that of its class in a cross-entropy with weights. A loss of whole sequences (CTC)
// has one row a stream: a window of one chunk.

import { copyPanel } from '../../memory/copy';
import { columnsOf } from '../../memory/op-record';
import { Session } from '../../plan/session';
import { Loss, Status } from '../../shared/codes';
import { Trainer } from '../trainer';
import { Criterion } from './criterion';
import { weightOfTarget } from './cross-entropy';
import { SequenceView, ctc } from './ctc';
import { checkTargets, targetBytes } from './targets';

/** Of the last window, or of what was evaluated: Σ weight × loss over its rows, and Σ weight. */
export let lossSum: f64 = 0;
export let weightSum: f64 = 0;

const VIEW: usize = memory.data(offsetof<SequenceView>());

/** The rows of a chunk weigh too; without `goesOn` they are the first of a window. */
export function addWeights(trainer: Trainer, rows: i32, goesOn: bool): void {
  const criterion = changetype<Criterion>(trainer.criterion), bytes = targetBytes(criterion);
  const count = criterion.kind == Loss.Ctc ? trainer.rows : rows;
  if (!goesOn) weightSum = 0;
  for (let row = 0; row < count; row++) {
    const weight = <f64>weightOf(trainer, row);
    if (weight != 0) weightSum += weight * factorOf(criterion, trainer.targets + <usize>row * bytes);
  }
}

/**
 * Adds the gradient of the mean loss to that of the output, all zero before, over the rows of a chunk, when those of the
 * whole window have been weighed; leaves weight × loss of each at `losses`. Where nothing weighs anything there is no loss.
 */
export function lossGradient(trainer: Trainer, rows: i32, losses: usize): void {
  const criterion = changetype<Criterion>(trainer.criterion), bytes = targetBytes(criterion);
  memory.fill(losses, 0, <usize>rows << 3);
  if (weightSum == 0) return;
  if (criterion.kind == Loss.Ctc) {
    sequenceGradients(trainer, criterion, losses);
    return;
  }
  for (let row = 0; row < rows; row++) {
    const weight = <f64>weightOf(trainer, row), target = trainer.targets + <usize>row * bytes;
    if (weight == 0 || isIgnored(criterion, target)) continue;
    const from = trainer.output + (<usize>row << 6), to = trainer.outputGradient + (<usize>row << 6);
    const loss = rowLoss(criterion, from, trainer.panelStride, target, <f32>(weight / weightSum));
    scatterRow(criterion, to, trainer.panelStride);
    store<f64>(losses + (<usize>row << 3), weight * <f64>loss);
  }
}

/** The losses of all rows of a window, in their order. */
export function addLosses(losses: usize, rows: i32): void {
  lossSum = 0;
  for (let row = 0; row < rows; row++) lossSum += load<f64>(losses + (<usize>row << 3));
}

/**
 * Goes on with the sums `loss` and `weight` over `rows` timesteps of one stream, each of weight 1, whose outputs are at
 * `output`, `stride` bytes from a panel to the next. `targets`: as in a trainer. Answers BadTarget or Ok.
 */
export function evaluateRows(
  at: usize, output: usize, stride: usize, rows: i32, targets: usize, loss: f64, weight: f64,
): i32 {
  const criterion = changetype<Criterion>(at), bytes = targetBytes(criterion);
  const status = checkTargets(at, targets, 0, rows);
  if (status != Status.Ok) return status;
  lossSum = loss;
  weightSum = weight;
  if (criterion.kind == Loss.Ctc) {
    const view = viewOf(output, 0, stride, 64, rows, targets + 4, load<i32>(targets));
    lossSum += sequenceLoss(criterion, view, 0);
    weightSum += 1;
    return Status.Ok;
  }
  for (let row = 0; row < rows; row++, targets += bytes) {
    if (isIgnored(criterion, targets)) continue;
    lossSum += <f64>rowLoss(criterion, output + (<usize>row << 6), stride, targets, 0);
    weightSum += factorOf(criterion, targets);
  }
  return Status.Ok;
}

/** The loss of the row of panels at `from`, whose gradient times `scale` is left in the criterion's row. */
function rowLoss(criterion: Criterion, from: usize, stride: usize, target: usize, scale: f32): f32 {
  const end = criterion.row + (<usize>columnsOf(criterion.size) << 2);
  for (let x = criterion.row; x < end; x += 64, from += stride) copyPanel(x, from);
  return call_indirect<f32>(criterion.run, criterion, criterion.row, target, scale);
}

function scatterRow(criterion: Criterion, to: usize, stride: usize): void {
  const end = criterion.row + (<usize>columnsOf(criterion.size) << 2);
  for (let x = criterion.row; x < end; x += 64, to += stride) copyPanel(to, x);
}

/** Every stream against its labels: targets are u32[streams] of their numbers, then the labels of all. */
function sequenceGradients(trainer: Trainer, criterion: Criterion, losses: usize): void {
  const lengths = changetype<Session>(trainer.session).lengths, step = <usize>trainer.rows << 6;
  let labels = trainer.targets + (<usize>trainer.rows << 2);
  for (let stream = 0; stream < trainer.rows; stream++) {
    const count = load<i32>(trainer.targets + (<usize>stream << 2)), offset = <usize>stream << 6;
    const weight = <f64>weightOf(trainer, stream);
    if (weight != 0) {
      const timesteps = load<i32>(lengths + (<usize>stream << 2)), to = trainer.outputGradient + offset;
      const view = viewOf(trainer.output + offset, to, trainer.panelStride, step, timesteps, labels, count);
      store<f64>(losses + (<usize>stream << 3), weight * sequenceLoss(criterion, view, weight / weightSum));
    }
    labels += <usize>count << 2;
  }
}

/** As PyTorch's mean has it: over the number of labels. */
function sequenceLoss(criterion: Criterion, view: SequenceView, scale: f64): f64 {
  const labels = <f64>max(view.count, 1);
  return ctc(criterion, view, scale / labels) / labels;
}

function viewOf(
  logits: usize, gradient: usize, panel: usize, step: usize, timesteps: i32, labels: usize, count: i32,
): SequenceView {
  const view = changetype<SequenceView>(VIEW);
  view.logits = logits; view.gradient = gradient; view.panel = panel; view.step = step;
  view.timesteps = timesteps; view.labels = labels; view.count = count;
  return view;
}

// @ts-ignore: decorator
@inline
function weightOf(trainer: Trainer, row: i32): f32 {
  return load<f32>(trainer.weights + (<usize>row << 2));
}

/** What the weight of a row is multiplied by. */
function factorOf(criterion: Criterion, target: usize): f64 {
  return criterion.kind == Loss.CrossEntropy ? <f64>weightOfTarget(criterion, load<u32>(target)) : 1;
}

function isIgnored(criterion: Criterion, target: usize): bool {
  return criterion.kind == Loss.CrossEntropy && <i64>load<u32>(target) == criterion.label;
}
