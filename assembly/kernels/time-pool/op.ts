// Pooling over all timesteps so far. Operands: a = x [n], b = state, c = y [n].
//
//   sum    b [n]:      s ← flush(s + x)                             y = s
//   mean   b [n + 1]:  the same, t ← t + 1                          y = s / t
//   max    b [n + 1]:  m ← x where t = 0 or x > m, t ← t + 1        y = m
//
// t, the number of timesteps, is the last column of the state. From 2²⁴ on it stays: float32 has no 2²⁴ + 1.

import { flush } from '../activation/flush';
import { OpRecord } from '../../memory/op-record';
import { laneAt } from '../../memory/lanes';

/** What becomes of a value of the state, that of x and the number of timesteps before. */
type Next = (s: f32, x: f32, before: f32) => f32;
/** What y is of a value of the state and the number of timesteps. */
type Result = (s: f32, timesteps: f32) => f32;

function added(s: f32, x: f32, _before: f32): f32 { return flush(s + x); }
function larger(m: f32, x: f32, before: f32): f32 { return before == 0 || x > m ? x : m; }
function itself(s: f32, _timesteps: f32): f32 { return s; }
function divided(s: f32, timesteps: f32): f32 { return s / timesteps; }

export function timeSumOp(at: usize, row: i32, rows: i32): void { pool(at, row, rows, added, itself, false); }
export function timeMeanOp(at: usize, row: i32, rows: i32): void { pool(at, row, rows, added, divided, true); }
export function timeMaxOp(at: usize, row: i32, rows: i32): void { pool(at, row, rows, larger, itself, true); }

function pool(at: usize, row: i32, rows: i32, next: Next, result: Result, counts: bool): void {
  const op = changetype<OpRecord>(at);
  for (let r: usize = 0; r < <usize>rows << 6; r += 64) {
    const x = op.a + (<usize>row << 6) + r, y = op.c + (<usize>row << 6) + r, state = op.b + r;
    const count = laneAt(state, op.bPanel, op.n), before: f32 = counts ? load<f32>(count) : 0;
    for (let column = 0; column < op.n; column++) {
      const s = laneAt(state, op.bPanel, column);
      store<f32>(s, next(load<f32>(s), load<f32>(laneAt(x, op.aPanel, column)), before));
      store<f32>(laneAt(y, op.cPanel, column), result(load<f32>(s), before + 1));
    }
    if (counts) store<f32>(count, before + 1);
  }
}
