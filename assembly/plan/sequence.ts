import { OpRecord } from '../memory/op-record';
import { Direction, Status } from '../shared/codes';
import { checkInputs } from './inputs';
import { Session, setReadiness, streams, waitsForEncoder } from './session';
import { bringBack, keepStates, resetStates, runWith } from './states';

/**
 * A chunk of 1 … session.chunk timesteps of the main section, layer by layer: an op without a direction runs over all
 * timesteps at once, a run of ops with one goes through them together, timestep by timestep. Gives the bits of as many
 * steps. With `ragged` stream i has only lengths[i] of the timesteps: behind them its states stay as they are, and a
 * backward op begins at its last.
 */
export function sequence(at: usize, timesteps: i32, ragged: bool): i32 {
  const session = changetype<Session>(at);
  if (timesteps < 1 || timesteps > session.chunk) return Status.TooManyTimesteps;
  if (waitsForEncoder(session)) return Status.NotEncoded;
  const status = checkInputs(session, session.inputs, session.inputsEnd, timesteps * session.rows);
  if (status != Status.Ok) return status;
  if (!ragged) setLengths(session, session.lengths, timesteps);
  runWith(session, session.lengths);
  runOps(session, session.ops, session.opsEnd, timesteps);
  return Status.Ok;
}

/**
 * The ops of the encoder over 1 … session.encoderChunk timesteps, likewise, all from the initial states; then its states
 * go to the main section.
 */
export function encode(at: usize, timesteps: i32, ragged: bool): i32 {
  const session = changetype<Session>(at), bytes = <usize>session.rows << 2;
  if (timesteps < 1 || timesteps > session.encoderChunk) return Status.TooManyTimesteps;
  if (session.encoderOpsEnd == session.opsEnd) return Status.BadSection;
  if (!ragged) setLengths(session, session.lengths, timesteps);
  for (let at: usize = 0; at < bytes; at += 4) {
    const length = load<u32>(session.lengths + at);
    if (length == 0 || length > <u32>timesteps) return Status.BadLength;
  }
  const status = checkInputs(session, session.inputsEnd, session.encoderInputsEnd, timesteps * session.rows);
  if (status != Status.Ok) return status;
  memory.copy(session.memoryLengths, session.lengths, bytes);
  runEncoder(session, timesteps);
  return Status.Ok;
}

/** The encoder over checked inputs of `memoryLengths` timesteps. */
export function runEncoder(session: Session, timesteps: i32): void {
  for (let row = 0; row < session.rows; row++) resetStates(session, row);
  session.encoded = timesteps;
  setReadiness(session, streams(changetype<usize>(session)));
  runWith(session, session.memoryLengths);
  runOps(session, session.opsEnd, session.encoderOpsEnd, timesteps);
}

function setLengths(session: Session, lengths: usize, timesteps: i32): void {
  for (let row = 0; row < session.rows; row++) store<u32>(lengths + (<usize>row << 2), timesteps);
}

function runOps(session: Session, op: usize, opsEnd: usize, timesteps: i32): void {
  while (op < opsEnd) {
    const record = changetype<OpRecord>(op);
    if (record.direction == Direction.None || record.direction == Direction.Once) {
      call_indirect<void>(record.run, op, 0, record.direction == Direction.None ? timesteps * session.rows : session.rows);
      op += record.span;
    } else {
      const end = endOfLoop(op, opsEnd);
      loop(session, op, end, timesteps);
      op = end;
    }
  }
}

/** The first op behind `op` that goes another way through time. */
function endOfLoop(op: usize, opsEnd: usize): usize {
  const direction = changetype<OpRecord>(op).direction;
  while (op < opsEnd && changetype<OpRecord>(op).direction == direction) op += changetype<OpRecord>(op).span;
  return op;
}

function loop(session: Session, first: usize, end: usize, timesteps: i32): void {
  const backward = changetype<OpRecord>(first).direction == Direction.Backward, rows = session.rows;
  for (let i = 0; i < timesteps; i++) {
    const t = backward ? timesteps - 1 - i : i;
    if (t >= session.over) keepStates(session);
    for (let op = first; op < end; op += changetype<OpRecord>(op).span) {
      call_indirect<void>(changetype<OpRecord>(op).run, op, t * rows, rows);
    }
    if (t >= session.over) bringBack(session, t);
  }
}
