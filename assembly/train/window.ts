// A window of truncated backpropagation through time (Werbos 1990; Williams & Peng 1990): forward with a tape, the loss,
// backward. The session's state goes on to the next window; no gradient flows into the one before.

import { transposeWeights } from '../kernels/matvec/backward';
import { BACKWARD_RECORD, BackwardRecord } from '../memory/backward-record';
import { countOf, entry } from '../plan/image';
import { sequence } from '../plan/sequence';
import { stateAddress } from '../plan/session';
import { Direction, Loss, Status } from '../shared/codes';
import { Header, StateEntry } from '../shared/plan';
import { checkTargets, lossGradient } from './loss/loss';
import { gradientNorm } from './optimizer/norm';
import { tapeAddress } from './records';
import { copyRows } from './tape';
import { Trainer } from './trainer';

/**
 * Of the first `timesteps` timesteps of inputs, targets and weights: leaves the loss, the gradients of the parameters
 * and their norm. Where it answers anything but Ok, nothing has changed.
 */
export function backpropagate(at: usize, timesteps: i32, kind: Loss): i32 {
  const trainer = changetype<Trainer>(at);
  if (timesteps < 1 || timesteps > trainer.chunk) return Status.TooManyTimesteps;
  let status = checkTargets(trainer, timesteps * trainer.rows, kind);
  if (status != Status.Ok) return status;
  beginTape(trainer);
  status = sequence(trainer.session, timesteps);
  if (status != Status.Ok) return status;
  memory.fill(trainer.gradients, 0, trainer.gradientBytes);
  lossGradient(trainer, timesteps * trainer.rows, kind);
  flowBack(trainer, timesteps);
  trainer.norm = gradientNorm(trainer.segments, trainer.segmentCount, trainer.parameterGradients);
  return Status.Ok;
}

function beginTape(trainer: Trainer): void {
  for (let i: u32 = 0; i < countOf(trainer.plan, Header.States); i++) {
    const size = load<u32>(entry(trainer.plan, Header.States, i), StateEntry.Size);
    const panel = <usize>trainer.rows << 6;
    copyRows(stateAddress(trainer.session, i), panel, tapeAddress(trainer, i), trainer.tapePanel, size, trainer.rows);
  }
}

/** The ops from the last to the first: one without a direction at once, a run of others timestep by timestep. */
function flowBack(trainer: Trainer, timesteps: i32): void {
  const rows = timesteps * trainer.rows;
  let end = trainer.backwardEnd;
  while (end > trainer.backward) {
    let first = end - BACKWARD_RECORD;
    const direction = changetype<BackwardRecord>(first).op.direction;
    if (direction != Direction.None) {
      while (first > trainer.backward && directionAt(first - BACKWARD_RECORD) == direction) first -= BACKWARD_RECORD;
    }
    prepare(first, end);
    if (direction == Direction.None) flowThrough(first, end, 0, rows);
    else for (let t = timesteps - 1; t >= 0; t--) flowThrough(first, end, t * trainer.rows, trainer.rows);
    parameters(first, end, rows);
    end = first;
  }
}

function directionAt(at: usize): u32 {
  return changetype<BackwardRecord>(at).op.direction;
}

function prepare(first: usize, end: usize): void {
  for (let at = first; at < end; at += BACKWARD_RECORD) {
    const record = changetype<BackwardRecord>(at);
    if (record.transposed) transposeWeights(record);
  }
}

function flowThrough(first: usize, end: usize, row: i32, rows: i32): void {
  for (let at = end - BACKWARD_RECORD; at >= first; at -= BACKWARD_RECORD) {
    const record = changetype<BackwardRecord>(at);
    if (record.run) call_indirect<void>(record.run, at, row, rows);
  }
}

function parameters(first: usize, end: usize, rows: i32): void {
  for (let at = first; at < end; at += BACKWARD_RECORD) {
    const record = changetype<BackwardRecord>(at);
    if (record.runParameters) call_indirect<void>(record.runParameters, at, rows);
  }
}
