// A chunk: some timesteps of a window, with all that backward reads of them.
//
//   Chunk | session | op records | backward records | tape
//
// Its session has `rows` streams and `chunk` timesteps, `encoderChunk` in the encoder, and op records of the trainer's own:
// those of the plan, a dropout before the products that want one, and behind each cell the records of its states.

import { BACKWARD_RECORD } from '../memory/backward-record';
import { OP_RECORD } from '../memory/op-record';
import { sessionInit } from '../plan/init';
import { countOf } from '../plan/image';
import { Session, outputAddress, sessionBytes } from '../plan/session';
import { Header } from '../shared/plan';
import { Dropout } from './dropout';
import { tapeBytes } from './needs';
import { makeRecords } from './records';
import { Trainer, aligned } from './trainer';

@unmanaged
export class Chunk {
  session: usize;
  /** Op records that the session runs, and backward records in the same order: the main section's, then the encoder's. */
  ops: usize;
  opsEnd: usize;
  backward: usize;
  backwardMainEnd: usize;
  backwardEnd: usize;
  /** The tapes of the states one behind the other. */
  tape: usize;
  /** The model's first output. */
  output: usize;
}

const CHUNK: u64 = 64;

/** Bytes of a chunk with all that it has. */
export function chunkBytes(t: Trainer): u64 {
  return layOutChunk(t, 0);
}

/** Sets the addresses of the running chunk to one at `at`, and returns its end. */
function layOutChunk(t: Trainer, at: u64): u64 {
  const ops = <u64>countOf(t.plan, Header.Ops), states = countOf(t.plan, Header.States);
  let top = at + CHUNK;
  t.session = <usize>top; top = aligned(top + sessionBytes(t.plan, t.rows, t.chunk, t.encoderChunk));
  t.ops = <usize>top; top = aligned(top + (ops * 2 + states) * OP_RECORD);
  t.backward = <usize>top; top = aligned(top + (ops * 2 + states) * BACKWARD_RECORD);
  t.tape = <usize>top; top += tapeBytes(t, states);
  return aligned(top);
}

/** Makes all resident chunks, the first one last: it is the one that runs. */
export function makeChunks(t: Trainer): void {
  for (let i = t.resident - 1; i >= 0; i--) {
    const at = chunkAt(t, i);
    layOutChunk(t, at);
    sessionInit(t.session, t.plan, t.rows, t.chunk, t.encoderChunk);
    makeRecords(t);
    t.output = outputAddress(t.session, 0);
    memory.copy(at, changetype<usize>(t), offsetof<Chunk>());
  }
}

/** Chunk number `index` of the window is the one that runs, in the place of one whose tape is not needed. */
export function enterChunk(at: usize, index: i32): void {
  const t = changetype<Trainer>(at);
  memory.copy(at, chunkAt(t, index % t.resident), offsetof<Chunk>());
  changetype<Dropout>(t.dropout).first = index * t.chunk * t.rows;
}

function chunkAt(t: Trainer, i: i32): usize {
  return t.firstChunk + <usize>i * t.chunkBytes;
}

/** Keeps the running chunk's states as those before chunk `index`. */
export function keepStatesBefore(t: Trainer, index: i32): void {
  memory.copy(t.between + <usize>index * t.stateBytes, changetype<Session>(t.session).firstState, t.stateBytes);
}

/** The running chunk goes on in the states before chunk `index`. */
export function takeStatesBefore(t: Trainer, index: i32): void {
  memory.copy(changetype<Session>(t.session).firstState, t.between + <usize>index * t.stateBytes, t.stateBytes);
}
