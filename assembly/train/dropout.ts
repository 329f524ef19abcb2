// Dropout (Srivastava et al. 2014), inverted: x ← x / (1 - rate) where kept, 0 elsewhere, in place. Whether an element
// is kept follows from (seed, window, op, element) alone, so backward draws the same mask again and a resumed training
// the same masks as an uninterrupted one.

import { philox, philoxWord } from '../kernels/random/philox';
import { BackwardRecord } from '../memory/backward-record';
import { addPanel, copyRows } from '../memory/copy';
import { OpRecord, columnsOf } from '../memory/op-record';
import { Trainer } from './trainer';

@unmanaged
export class Dropout {
  /** Dropped where 16 random bits are below it; 0 for no dropout. */
  threshold: u32;
  /** 1 / (1 - rate) and its inverse. */
  scale: f32;
  inverse: f32;
  seedLow: u32;
  seedHigh: u32;
  window: u32;
}

/** `threshold` of 65536 elements are dropped in `window`, the others multiplied by `scale`. */
export function setDropout(at: usize, threshold: u32, scale: f32, seedLow: u32, seedHigh: u32, window: u32): void {
  const state = changetype<Dropout>(changetype<Trainer>(at).dropout);
  state.threshold = threshold;
  state.scale = scale;
  state.inverse = 1 / scale;
  state.seedLow = seedLow;
  state.seedHigh = seedHigh;
  state.window = window;
}

/** What is dropped in place before a product. Operands: a = x, c = the Dropout; k = what tells its masks from another's. */
export function dropout(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), state = changetype<Dropout>(op.c);
  if (state.threshold) mask(op, op.a, op.aPanel, state.threshold, state.scale, row, rows);
}

/** The gradient through the same mask; x gets back the size that the op before it reads its slope from. */
export function dropoutBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, state = changetype<Dropout>(op.c);
  if (!state.threshold) return;
  mask(op, record.da, op.aPanel, state.threshold, state.scale, row, rows);
  mask(op, op.a, op.aPanel, state.threshold, state.inverse, row, rows);
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
  const state = changetype<Dropout>(op.c);
  for (let panel = 0; panel < columnsOf(op.n) >> 4; panel++) {
    let at = x + <usize>panel * stride + (<usize>row << 6);
    for (let r = row; r < row + rows; r++) {
      for (let half = 0; half < 2; half++) {
        philox((panel << 1) + half, r, op.k, state.window, state.seedLow, state.seedHigh);
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
