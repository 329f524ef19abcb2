// The vanilla RNN (Elman 1990), the pointwise half: h ← tanh(gates), or h ← max(gates, 0).
//
// Operands: a = gates, b = h, c = y (h of this timestep, for whoever reads it).
//
// Backward, with dh what flows back from y and from the next timestep: dgates = dh (1 - h²), or dh where h > 0, in
// place of the activated gates; dh ← 0 (the recurrent product adds its share).

import { reluPanels, tanhPanels } from '../kernels/activation/panels';
import { BackwardRecord } from '../memory/backward-record';
import { OpRecord, columnsOf } from '../memory/op-record';
import { runBytes, runCount } from '../memory/runs';
import { copyFlushed } from './remember';

export function rnnTanh(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  const gates = op.a + <usize>row * op.aRow;
  tanhPanels(gates, gates, op.aPanel, columnsOf(op.n) >> 4, rows);
  give(op, row, rows);
}

export function rnnRelu(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  const gates = op.a + <usize>row * op.aRow;
  reluPanels(gates, gates, op.aPanel, columnsOf(op.n) >> 4, rows);
  give(op, row, rows);
}

/** h and y take the value; what is too small for a state is zero. */
function give(op: OpRecord, row: i32, rows: i32): void {
  const panels = columnsOf(op.n) >> 4, stride = op.aPanel, bytes = runBytes(stride, panels, rows);
  const gates = op.a + <usize>row * op.aRow, y = op.c + <usize>row * op.cRow;
  for (let p: usize = 0; p < <usize>runCount(stride, panels, rows); p++) {
    copyFlushed(gates + p * stride, op.b + p * op.bPanel, y + p * op.cPanel, bytes);
  }
}

export function rnnTanhBackward(at: usize, row: i32, rows: i32): void {
  backward(at, row, rows, false);
}

export function rnnReluBackward(at: usize, row: i32, rows: i32): void {
  backward(at, row, rows, true);
}

function backward(at: usize, row: i32, rows: i32, relu: bool): void {
  const record = changetype<BackwardRecord>(at), op = record.op, from = <usize>row << 6, bytes = <usize>rows << 6;
  for (let p: usize = 0; p < <usize>columnsOf(op.n) >> 4; p++) {
    const gates = op.a + from + p * op.aPanel, dy = record.dc + from + p * op.cPanel, dh = record.db + p * op.bPanel;
    if (ASC_FEATURE_SIMD) backwardSimd(gates, dy, dh, bytes, relu);
    else backwardScalar(gates, dy, dh, bytes, relu);
  }
}

function backwardScalar(gates: usize, dy: usize, dh: usize, bytes: usize, relu: bool): void {
  for (const end = gates + bytes; gates < end; gates += 4, dy += 4, dh += 4) {
    const h = load<f32>(gates), d = load<f32>(dy) + load<f32>(dh);
    store<f32>(gates, relu ? (h > 0 ? d : 0) : d * (1 - h * h));
    store<f32>(dh, 0);
  }
}

function backwardSimd(gates: usize, dy: usize, dh: usize, bytes: usize, relu: bool): void {
  const one = f32x4.splat(1), zero = f32x4.splat(0);
  for (const end = gates + bytes; gates < end; gates += 16, dy += 16, dh += 16) {
    const h = v128.load(gates), d = f32x4.add(v128.load(dy), v128.load(dh));
    v128.store(gates, relu ? v128.and(d, f32x4.gt(h, zero)) : f32x4.mul(d, f32x4.sub(one, f32x4.mul(h, h))));
    v128.store(dh, zero);
  }
}
