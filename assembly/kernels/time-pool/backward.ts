// Backward of pooling over time, with ds what flows back from the next timestep:
//
//   sum    ds += dy        dx += ds
//   mean   ds += dy / t    dx += ds
//   max    ds += dy        dx += ds and ds = 0 where this timestep's x is the largest so far

import { BackwardRecord } from '../../memory/backward-record';
import { laneAt } from '../../memory/lanes';

export function timeSumBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at);
  for (let r = 0; r < rows; r++) sumRow(record, row, r, 1);
}

export function timeMeanBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at);
  for (let r = 0; r < rows; r++) sumRow(record, row, r, timestepsBefore(record, row + r) + 1);
}

function sumRow(record: BackwardRecord, row: i32, r: i32, timesteps: f32): void {
  const op = record.op, from = <usize>(row + r) << 6;
  for (let column = 0; column < op.n; column++) {
    const ds = laneAt(record.db + (<usize>r << 6), op.bPanel, column);
    store<f32>(ds, load<f32>(ds) + load<f32>(laneAt(record.dc + from, op.cPanel, column)) / timesteps);
    if (record.da) add(laneAt(record.da + from, op.aPanel, column), load<f32>(ds));
  }
}

export function timeMaxBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  for (let r = 0; r < rows; r++) {
    const from = <usize>(row + r) << 6, first = timestepsBefore(record, row + r) == 0;
    for (let column = 0; column < op.n; column++) {
      const ds = laneAt(record.db + (<usize>r << 6), op.bPanel, column);
      const d = load<f32>(ds) + load<f32>(laneAt(record.dc + from, op.cPanel, column));
      const x = load<f32>(laneAt(op.a + from, op.aPanel, column));
      const isLargest = first || x > load<f32>(laneAt(record.tapeB + from, record.tapeBPanel, column));
      store<f32>(ds, isLargest ? 0 : d);
      if (isLargest && record.da) add(laneAt(record.da + from, op.aPanel, column), d);
    }
  }
}

function timestepsBefore(record: BackwardRecord, row: i32): f32 {
  return load<f32>(laneAt(record.tapeB + (<usize>row << 6), record.tapeBPanel, record.op.n));
}

// @ts-ignore: decorator
@inline
function add(to: usize, value: f32): void {
  store<f32>(to, load<f32>(to) + value);
}
