// The elementwise ops of one value and softmax. Operands: a = x, b = y, both buffers; c = f32[4] of parameters, where an
// activation has some: hard-sigmoid {alpha, beta}, leaky-relu and elu {alpha}, clip {low, high}.

import { copyPanel } from '../../memory/copy';
import { OpRecord, columnsOf } from '../../memory/op-record';
import { runBytes, runCount } from '../../memory/runs';
import { softmax } from '../softmax/f32';
import { logSoftmax } from '../softmax/log';
import { clipAll } from './clip';
import { eluAll } from './elu';
import { hardSigmoidAll } from './hard-sigmoid';
import { leakyReluAll } from './leaky-relu';
import { reluPanels, sigmoidPanels, tanhPanels } from './panels';
import { softsignAll } from './softsign';
import { sqrtAll } from './sqrt';

export function sigmoidOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  sigmoidPanels(x(op, row, 0), y(op, row, 0), op.aPanel, columnsOf(op.n) >> 4, rows);
  clearPadding(op, row, rows);
}

export function tanhOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  tanhPanels(x(op, row, 0), y(op, row, 0), op.aPanel, columnsOf(op.n) >> 4, rows);
}

export function reluOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  reluPanels(x(op, row, 0), y(op, row, 0), op.aPanel, columnsOf(op.n) >> 4, rows);
}

export function hardSigmoidOp(at: usize, row: i32, rows: i32): void {
  eachRun(at, row, rows, (x, y, bytes, c) => hardSigmoidAll(x, y, bytes, load<f32>(c), load<f32>(c, 4)));
  clearPadding(changetype<OpRecord>(at), row, rows);
}

export function leakyReluOp(at: usize, row: i32, rows: i32): void {
  eachRun(at, row, rows, (x, y, bytes, c) => leakyReluAll(x, y, bytes, load<f32>(c)));
}

export function eluOp(at: usize, row: i32, rows: i32): void {
  eachRun(at, row, rows, (x, y, bytes, c) => eluAll(x, y, bytes, load<f32>(c)));
}

export function softsignOp(at: usize, row: i32, rows: i32): void {
  eachRun(at, row, rows, (x, y, bytes, _c) => softsignAll(x, y, bytes));
}

export function clipOp(at: usize, row: i32, rows: i32): void {
  eachRun(at, row, rows, (x, y, bytes, c) => clipAll(x, y, bytes, load<f32>(c), load<f32>(c, 4)));
  clearPadding(changetype<OpRecord>(at), row, rows);
}

export function sqrtOp(at: usize, row: i32, rows: i32): void {
  eachRun(at, row, rows, (x, y, bytes, _c) => sqrtAll(x, y, bytes));
}

export function softmaxOp(at: usize, row: i32, rows: i32): void {
  eachRow(at, row, rows, softmax);
}

export function logSoftmaxOp(at: usize, row: i32, rows: i32): void {
  eachRow(at, row, rows, logSoftmax);
}

/** y from x, n contiguous values, which may be the same. */
type RowKernel = (x: usize, y: usize, n: i32) => void;

function eachRow(at: usize, row: i32, rows: i32, kernel: RowKernel): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4;
  for (let r = row; r < row + rows; r++) {
    for (let p = 0; p < panels; p++) copyPanel(op.scratch + (<usize>p << 6), x(op, r, p));
    kernel(op.scratch, op.scratch, op.n);
    for (let p = 0; p < panels; p++) copyPanel(y(op, r, p), op.scratch + (<usize>p << 6));
  }
  clearPadding(op, row, rows);
}

/** From x to y, `bytes` of them, by the parameters at `c`. */
type Kernel = (x: usize, y: usize, bytes: usize, c: usize) => void;

function eachRun(at: usize, row: i32, rows: i32, kernel: Kernel): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, stride = op.aPanel;
  const runs = runCount(stride, panels, rows), bytes = runBytes(stride, panels, rows);
  for (let run = 0; run < runs; run++) kernel(x(op, row, run), y(op, row, run), bytes, op.c);
}

// @ts-ignore: decorator
@inline
function x(op: OpRecord, row: i32, panel: i32): usize {
  return op.a + <usize>row * op.aRow + <usize>panel * op.aPanel;
}

// @ts-ignore: decorator
@inline
function y(op: OpRecord, row: i32, panel: i32): usize {
  return op.b + <usize>row * op.bRow + <usize>panel * op.bPanel;
}

/** Lanes behind the last column are zero after every op; functions that are not 0 at 0 would leave something else there. */
function clearPadding(op: OpRecord, row: i32, rows: i32): void {
  const rest = <usize>(op.n & 15);
  if (rest == 0) return;
  for (let r = row; r < row + rows; r++) memory.fill(y(op, r, op.n >> 4) + (rest << 2), 0, (16 - rest) << 2);
}
