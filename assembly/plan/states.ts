// The states of a session row by row: how they begin, how they go from one session to another, and how those of streams
// that are over stay as they are while others go on.

import { columnsOf } from '../memory/op-record';
import { copyPanel } from '../memory/copy';
import { InputKind, SectionKind } from '../shared/codes';
import { BufferEntry, Header, StateEntry } from '../shared/plan';
import { countOf, entry } from './image';
import { Session, hasEncoder, setReadiness, streams } from './session';

/** All rows back to the initial states; what the encoder left is forgotten. */
export function sessionReset(at: usize): void {
  const session = changetype<Session>(at);
  for (let row = 0; row < session.rows; row++) resetStates(session, row);
  session.encoded = 0;
  setReadiness(session, streams(at));
}

/** One row back to the initial states. */
export function sessionResetRow(at: usize, row: i32): void {
  resetStates(changetype<Session>(at), row);
}

export function resetStates(session: Session, row: i32): void {
  let to = session.firstState + (<usize>row << 6);
  for (let i: u32 = 0; i < countOf(session.plan, Header.States); i++) {
    const state = entry(session.plan, Header.States, i), initial = load<u32>(state, StateEntry.Initial);
    let from = session.plan + initial;
    for (let columns = columnsOf(load<u32>(state, StateEntry.Size)); columns > 0; columns -= 16) {
      if (initial) copyPanel(to, from);
      else memory.fill(to, 0, 64);
      to += <usize>session.rows << 6; from += 64;
    }
  }
}

/** `to` goes on where `from` is, but for what the encoder left; both are sessions of one plan with as many rows. */
export function copyState(from: usize, to: usize): void {
  const source = changetype<Session>(from), target = changetype<Session>(to);
  memory.copy(target.firstState, source.firstState, source.stateBytes);
}

/**
 * Row `toRow` of `to` goes on where row `fromRow` of `from` is, with what the encoder left, where both have room for it;
 * both are sessions of one plan.
 */
export function copyRow(from: usize, fromRow: i32, to: usize, toRow: i32): void {
  const source = changetype<Session>(from), target = changetype<Session>(to);
  const sourceStep = <usize>source.rows << 6, targetStep = <usize>target.rows << 6;
  let a = source.firstState + (<usize>fromRow << 6), b = target.firstState + (<usize>toRow << 6);
  for (const end = source.firstState + source.stateBytes; a < end; a += sourceStep) {
    copyPanel(b, a);
    b += targetStep;
  }
  const length = load<i32>(source.memoryLengths + (<usize>fromRow << 2));
  if (hasEncoder(source.plan) && source.encoded > 0 && length <= target.encoderChunk) {
    copyMemory(source, fromRow, target, toRow, length);
  }
}

function copyMemory(source: Session, fromRow: i32, target: Session, toRow: i32, length: i32): void {
  store<i32>(target.memoryLengths + (<usize>toRow << 2), length);
  target.encoded = max(target.encoded, length);
  setReadiness(target, streams(changetype<usize>(target)));
  for (let i: u32 = 0; i < countOf(source.plan, Header.Buffers); i++) {
    copyMemoryOf(source, fromRow, target, toRow, length, i);
  }
}

/** The first `length` timesteps of a stream in a buffer of the encoder. */
function copyMemoryOf(source: Session, fromRow: i32, target: Session, toRow: i32, length: i32, buffer: u32): void {
  const columns = encoderColumns(source.plan, buffer);
  for (let panel: usize = 0; panel < <usize>columns >> 4; panel++) {
    let a = load<usize>(source.buffers + (<usize>buffer << 2)) + panel * source.encoderStride + (<usize>fromRow << 6);
    let b = load<usize>(target.buffers + (<usize>buffer << 2)) + panel * target.encoderStride + (<usize>toRow << 6);
    for (let t = 0; t < length; t++) {
      copyPanel(b, a);
      a += <usize>source.rows << 6; b += <usize>target.rows << 6;
    }
  }
}

/** Columns of a buffer of features of the encoder; 0 of any other. */
function encoderColumns(plan: usize, buffer: u32): u32 {
  const table = entry(plan, Header.Buffers, buffer);
  if (load<u32>(table, BufferEntry.Section) != SectionKind.Encoder) return 0;
  return load<u32>(table, BufferEntry.Kind) == InputKind.Features ? load<u32>(table, BufferEntry.Columns) : 0;
}

/** Whether stream `row` of the running sequence is over at timestep t. */
// @ts-ignore: decorator
@inline
export function isOver(session: Session, row: i32, t: i32): bool {
  return load<u32>(session.running + (<usize>row << 2)) <= <u32>t;
}

/** A sequence begins whose streams have `lengths` timesteps. */
export function runWith(session: Session, lengths: usize): void {
  session.running = lengths;
  session.over = 0x7fffffff;
  for (let row = 0; row < session.rows; row++) {
    session.over = min(session.over, <i32>load<u32>(lengths + (<usize>row << 2)));
  }
}

/** Before timestep t: the states as they are. */
export function keepStates(session: Session): void {
  memory.copy(session.aside, session.firstState, session.stateBytes);
}

/** Behind timestep t: those of the streams that are over as they were. */
export function bringBack(session: Session, t: i32): void {
  for (let row = 0; row < session.rows; row++) {
    if (isOver(session, row, t)) copyStatesOf(session, row, session.aside, session.firstState);
  }
}

/** Row `row` of all states, or of what lies as they do. */
export function copyStatesOf(session: Session, row: i32, from: usize, to: usize): void {
  const step = <usize>session.rows << 6;
  for (let at = <usize>row << 6; at < <usize>session.stateBytes; at += step) copyPanel(to + at, from + at);
}
