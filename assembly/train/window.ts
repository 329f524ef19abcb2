// A window of truncated backpropagation through time (Werbos 1990; Williams & Peng 1990): forward with a tape, the loss,
// backward. The session's state goes on to the next window; no gradient flows into the one before.
//
// It goes in chunks, forward from the first to the last, then backward from the last to the first. Where not all of them
// keep their tapes, those that do are the last ones, and each one before runs forward again, from the states before it,
// just before it flows back (Chen et al. 2016, Training deep nets with sublinear memory cost). Sums of gradients go on from
// chunk to chunk, so their bits do not depend on how many tapes are kept. The caller enters a chunk, writes its data, and
// runs it.

import { transposeWeights } from '../kernels/matvec/backward';
import { BACKWARD_RECORD, BackwardRecord } from '../memory/backward-record';
import { addPanel, copyRows } from '../memory/copy';
import { columnsOf } from '../memory/op-record';
import { countOf, entry, opEntry, operandOf } from '../plan/image';
import { checkInputs } from '../plan/inputs';
import { runEncoder, sequence } from '../plan/sequence';
import { Session, stateAddress } from '../plan/session';
import { copyStatesOf, isOver, resetStates, runWith } from '../plan/states';
import { Base, Direction, SectionKind, Status } from '../shared/codes';
import { Header, OpEntry, StateEntry } from '../shared/plan';
import { enterChunk, keepStatesBefore, takeStatesBefore } from './chunk';
import { watchFrom } from './flow';
import { addLosses, addWeights, lossGradient } from './loss/loss';
import { checkTargets } from './loss/targets';
import { tapePanel } from './needs';
import { gradientNorm } from './optimizer/norm';
import { tapeAddress } from './records';
import { Trainer } from './trainer';

/**
 * Chunk `index`, forward: the first `timesteps` timesteps of the inputs, targets and weights that stand there, and
 * `encoderTimesteps` of the encoder's inputs where there is one. The streams have the lengths that stand in the session, of
 * both sequences. Where it answers anything but Ok, the window is over and nothing has changed.
 */
export function forwardChunk(at: usize, index: i32, timesteps: i32, encoderTimesteps: i32): i32 {
  const trainer = changetype<Trainer>(at), session = changetype<Session>(trainer.session);
  const status = check(trainer, timesteps, encoderTimesteps);
  if (status != Status.Ok) {
    if (index > 0) goOn(at, 0);
    return status;
  }
  if (index == 0) {
    keepStatesBefore(trainer, 0);
    trainer.timesteps = 0;
  } else takeStatesBefore(trainer, index);
  if (encoderTimesteps > 0) {
    beginTape(trainer, SectionKind.Encoder, encoderTimesteps);
    runEncoder(session, encoderTimesteps);
  }
  beginTape(trainer, SectionKind.Main, timesteps);
  sequence(trainer.session, timesteps, true);
  keepStatesBefore(trainer, index + 1);
  trainer.timesteps += timesteps;
  addWeights(trainer, timesteps * trainer.rows, index > 0);
  return Status.Ok;
}

/** The same again, of a chunk whose tape has not been kept. */
export function repeatChunk(at: usize, index: i32, timesteps: i32): void {
  const trainer = changetype<Trainer>(at);
  takeStatesBefore(trainer, index);
  beginTape(trainer, SectionKind.Main, timesteps);
  sequence(trainer.session, timesteps, true);
}

/** The loss of chunk `index` and backward, when all chunks have gone forward and those behind it backward. */
export function backwardChunk(at: usize, index: i32, timesteps: i32, encoderTimesteps: i32): void {
  const trainer = changetype<Trainer>(at), session = changetype<Session>(trainer.session);
  const first = index * trainer.chunk, isLast = first + timesteps == trainer.timesteps;
  memory.fill(trainer.gradients, 0, (isLast ? trainer.stateGradientsEnd : trainer.stateGradients) - trainer.gradients);
  if (isLast) memory.fill(trainer.parameterGradients, 0, trainer.parameterBytes);
  lossGradient(trainer, timesteps * trainer.rows, trainer.losses + (<usize>(first * trainer.rows) << 3));
  watchFrom(first);
  flowBack(trainer, trainer.backward, trainer.backwardMainEnd, timesteps, isLast);
  if (encoderTimesteps > 0) {
    runWith(session, session.memoryLengths);
    flowBack(trainer, trainer.backwardMainEnd, trainer.backwardEnd, encoderTimesteps, isLast);
  }
}

/** When the first chunk has gone backward: leaves the loss and the norm of the gradients, and the state to go on in. */
export function endWindow(at: usize, encoderTimesteps: i32): void {
  const trainer = changetype<Trainer>(at);
  addLosses(trainer.losses, trainer.timesteps * trainer.rows);
  initialGradients(trainer, encoderTimesteps > 0);
  trainer.norm = gradientNorm(trainer.segments, trainer.segmentCount, trainer.parameterGradients);
  goOn(at, (trainer.timesteps + trainer.chunk - 1) / trainer.chunk);
}

/** The next window begins in the states before chunk `index` of this one. */
function goOn(at: usize, index: i32): void {
  enterChunk(at, 0);
  takeStatesBefore(changetype<Trainer>(at), index);
}

function check(trainer: Trainer, timesteps: i32, encoderTimesteps: i32): i32 {
  const session = changetype<Session>(trainer.session);
  if (timesteps < 1 || timesteps > trainer.chunk) return Status.TooManyTimesteps;
  if (encoderTimesteps < 0 || encoderTimesteps > trainer.encoderChunk) return Status.TooManyTimesteps;
  let status = checkTargets(trainer.criterion, trainer.targets, trainer.weights, timesteps * trainer.rows);
  if (status == Status.Ok) {
    status = checkInputs(session, session.inputsEnd, session.encoderInputsEnd, encoderTimesteps * trainer.rows);
  }
  if (status == Status.Ok) status = checkInputs(session, session.inputs, session.inputsEnd, timesteps * trainer.rows);
  return status;
}

/** The states that a section begins with, into the block of the tape that stands for them. */
function beginTape(trainer: Trainer, section: u32, timesteps: i32): void {
  const session = changetype<Session>(trainer.session);
  if (section == SectionKind.Encoder) for (let row = 0; row < trainer.rows; row++) resetStates(session, row);
  for (let i: u32 = 0; i < countOf(trainer.plan, Header.States); i++) {
    const state = entry(trainer.plan, Header.States, i);
    if (load<u32>(state, StateEntry.Section) != section) continue;
    const size = load<u32>(state, StateEntry.Size), panel = <usize>trainer.rows << 6;
    const block = goesBackward(trainer, i) ? <usize>timesteps * panel : 0;
    const to = tapeAddress(trainer, i) + block;
    copyRows(stateAddress(trainer.session, i), panel, to, tapePanel(trainer, section), size, trainer.rows);
  }
}

/** Whether the ops of state i run backward in time. */
function goesBackward(trainer: Trainer, i: u32): bool {
  for (let j: u32 = 0; j < countOf(trainer.plan, Header.Ops); j++) {
    const op = opEntry(trainer.plan, j);
    if (load<u32>(op, OpEntry.Direction) != Direction.Backward) continue;
    for (let operand = 0; operand < 5; operand++) if (operandOf(op, operand) == (Base.State | i << 8)) return true;
  }
  return false;
}

/**
 * Ops from the last to the first: one without a direction at once, a run of others timestep by timestep, in the order
 * opposite to theirs. What is prepared serves all chunks of a window.
 */
export function flowBack(trainer: Trainer, begin: usize, end: usize, timesteps: i32, isFirst: bool): void {
  const rows = timesteps * trainer.rows;
  while (end > begin) {
    let first = end - BACKWARD_RECORD;
    const direction = directionAt(first);
    const isLoop = direction == Direction.Forward || direction == Direction.Backward;
    if (isLoop) while (first > begin && directionAt(first - BACKWARD_RECORD) == direction) first -= BACKWARD_RECORD;
    if (isFirst) prepare(first, end);
    if (isLoop) flowThroughTime(trainer, first, end, timesteps, direction == Direction.Backward);
    else flowThrough(first, end, 0, direction == Direction.None ? rows : trainer.rows);
    parameters(first, end, rows);
    end = first;
  }
}

/** A stream that is over at a timestep lets its gradients pass as they are. */
function flowThroughTime(trainer: Trainer, first: usize, end: usize, timesteps: i32, backward: bool): void {
  const session = changetype<Session>(trainer.session), rows = trainer.rows;
  for (let i = 0; i < timesteps; i++) {
    const t = backward ? i : timesteps - 1 - i;
    if (t >= session.over) takeAside(trainer, t);
    flowThrough(first, end, t * rows, rows);
    if (t >= session.over) putBack(trainer, t);
  }
}

function takeAside(trainer: Trainer, t: i32): void {
  const session = changetype<Session>(trainer.session), step = <usize>trainer.rows << 6;
  for (let row = 0; row < trainer.rows; row++) {
    if (!isOver(session, row, t)) continue;
    copyStatesOf(session, row, trainer.stateGradients, session.aside);
    for (let at = <usize>row << 6; at < <usize>session.stateBytes; at += step) {
      memory.fill(trainer.stateGradients + at, 0, 64);
    }
  }
}

function putBack(trainer: Trainer, t: i32): void {
  const session = changetype<Session>(trainer.session);
  for (let row = 0; row < trainer.rows; row++) {
    if (isOver(session, row, t)) copyStatesOf(session, row, session.aside, trainer.stateGradients);
  }
}

/** What has flown back to the beginning of the streams that began with the initial states: all do behind an encoder. */
function initialGradients(trainer: Trainer, all: bool): void {
  const session = changetype<Session>(trainer.session), step = <usize>trainer.rows << 6;
  for (let i: u32 = 0; i < countOf(trainer.plan, Header.States); i++) {
    const state = entry(trainer.plan, Header.States, i), initial = load<u32>(state, StateEntry.Initial);
    if (initial == 0) continue;
    let from = trainer.stateGradients + (stateAddress(trainer.session, i) - session.firstState);
    let to = trainer.parameterGradients + (trainer.plan + initial - trainer.parameters);
    for (let columns = columnsOf(load<u32>(state, StateEntry.Size)); columns > 0; columns -= 16) {
      for (let row = 0; row < trainer.rows; row++) {
        if (all || load<u32>(trainer.fresh + (<usize>row << 2))) addPanel(to, from + (<usize>row << 6));
      }
      from += step; to += 64;
    }
  }
  memory.fill(trainer.fresh, 0, <usize>trainer.rows << 2);
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
