// Dropout (Srivastava et al. 2014), inverted: x ← x / (1 - rate) where kept, 0 elsewhere, in place. Whether an element
// is kept follows from (seed, window, op, element) alone, so backward draws the same mask again and a resumed training
// the same masks as an uninterrupted one.

import { philox, philoxWord } from '../kernels/random/philox';
import { BackwardRecord } from '../memory/backward-record';
import { addPanel, copyRows } from '../memory/copy';
import { OpRecord, columnsOf } from '../memory/op-record';
import { Session } from '../plan/session';
import { Trainer } from './trainer';

@unmanaged
export class Dropout {
  /** Dropped where 16 random bits are below it, 0 for no dropout: of what goes into layers, of what the head reads. */
  inputs: u32;
  outputs: u32;
  /** 1 where all timesteps of a window have the mask of its first (Gal & Ghahramani 2016). */
  variational: u32;
  seedLow: u32;
  seedHigh: u32;
  window: u32;
  /** Rows of the window before the chunk that runs. */
  first: u32;
}

/** Of 65536 elements `inputs` or `outputs` are dropped in `window`, the others multiplied by what makes up for them. */
export function setDropout(
  at: usize, inputs: u32, outputs: u32, variational: u32, seedLow: u32, seedHigh: u32, window: u32,
): void {
  const state = changetype<Dropout>(changetype<Trainer>(at).dropout);
  state.inputs = inputs;
  state.outputs = outputs;
  state.variational = variational;
  state.seedLow = seedLow;
  state.seedHigh = seedHigh;
  state.window = window;
}

/**
 * What is dropped in place before a product. Operands: a = x, c = the Dropout; k = what tells its masks from another's,
 * m = 1 where the product is the head's.
 */
export function dropout(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), threshold = thresholdBefore(op);
  if (threshold) mask(op, op.a, op.aPanel, threshold, scaleOf(threshold), row, rows);
}

/** The gradient through the same mask; x gets back the size that the op before it reads its slope from. */
export function dropoutBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, threshold = thresholdBefore(op);
  if (!threshold) return;
  mask(op, record.da, op.aPanel, threshold, scaleOf(threshold), row, rows);
  mask(op, op.a, op.aPanel, threshold, <f32>1 / scaleOf(threshold), row, rows);
}

function thresholdBefore(op: OpRecord): u32 {
  const state = changetype<Dropout>(op.c);
  return op.m ? state.outputs : state.inputs;
}

/** A dropout of the model. Operands: a = x, b = y, c = the Dropout, whose masks it shares, e = its rate; k as above. */
export function dropoutNode(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), threshold = thresholdOf(op);
  const offset = <usize>row << 6;
  copyRows(op.a + offset, op.aPanel, op.b + offset, op.bPanel, op.n, rows);
  mask(op, op.b, op.bPanel, threshold, scaleOf(threshold), row, rows);
}

export function dropoutNodeBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, threshold = thresholdOf(op);
  if (!record.da) return;
  mask(op, record.db, op.bPanel, threshold, scaleOf(threshold), row, rows);
  for (let panel = 0; panel < columnsOf(op.n) >> 4; panel++) {
    const from = record.db + <usize>panel * op.bPanel, to = record.da + <usize>panel * op.aPanel;
    for (let r = row; r < row + rows; r++) addPanel(to + (<usize>r << 6), from + (<usize>r << 6));
  }
}

/** Of 65536 elements so many are dropped. */
function thresholdOf(op: OpRecord): u32 {
  return <u32>nearest(load<f32>(op.e) * 65536);
}

function scaleOf(threshold: u32): f32 {
  return <f32>65536 / (<f32>65536 - <f32>threshold);
}

function mask(op: OpRecord, x: usize, stride: usize, threshold: u32, scale: f32, row: i32, rows: i32): void {
  const state = changetype<Dropout>(op.c), streams = changetype<Session>(op.session).rows;
  for (let panel = 0; panel < columnsOf(op.n) >> 4; panel++) {
    let at = x + <usize>panel * stride + (<usize>row << 6);
    for (let r = row; r < row + rows; r++) {
      for (let half = 0; half < 2; half++) {
        const place = state.variational ? r % streams : state.first + r;
        philox((panel << 1) + half, place, op.k, state.window, state.seedLow, state.seedHigh);
        for (let i = 0; i < 4; i++) {
          const word = philoxWord(i);
          keep(at, word & 0xffff, threshold, scale);
          keep(at + 4, word >> 16, threshold, scale);
          at += 8;
        }
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function keep(at: usize, bits: u32, threshold: u32, scale: f32): void {
  store<f32>(at, bits >= threshold ? load<f32>(at) * scale : 0);
}
