// Pooling within a frame, backward: a maximum gives its gradient to the first of the largest values, an average to all
// values alike.

import { BackwardRecord } from '../../memory/backward-record';
import { laneAt } from '../../memory/lanes';
import { Frame } from '../../shared/convolution';
import { columnOf, firstInside, lastInside } from '../frame/positions';

export function maxPoolBackward(at: usize, row: i32, rows: i32): void { pool(at, row, rows, toLargest); }
export function averagePoolBackward(at: usize, row: i32, rows: i32): void { pool(at, row, rows, toAll); }

/** Adds the gradient `d` of an output of a channel to `dx`, the gradient of the row `x`. */
type Give = (d: f32, x: usize, dx: usize, panel: usize, frame: usize, channel: i32, output: i32) => void;

function pool(at: usize, row: i32, rows: i32, give: Give): void {
  const record = changetype<BackwardRecord>(at), op = record.op, frame = op.e;
  if (!record.da) return;
  const outWidth = load<i32>(frame, Frame.OutWidth);
  for (let r = row; r < row + rows; r++) {
    const from = <usize>r << 6;
    for (let channel = 0; channel < load<i32>(frame, Frame.Channels); channel++) {
      for (let output = 0; output < outWidth; output++) {
        const d = load<f32>(laneAt(record.db + from, op.bPanel, columnOf(frame, outWidth, channel, output)));
        give(d, op.a + from, record.da + from, op.aPanel, frame, channel, output);
      }
    }
  }
}

function toLargest(d: f32, x: usize, dx: usize, panel: usize, frame: usize, channel: i32, output: i32): void {
  const width = load<i32>(frame, Frame.Width), dilation = load<i32>(frame, Frame.Dilation);
  let position = firstInside(frame, output);
  const end = lastInside(frame, output);
  if (position > end) return;
  let at = columnOf(frame, width, channel, position), m = load<f32>(laneAt(x, panel, at));
  for (position += dilation; position <= end; position += dilation) {
    const column = columnOf(frame, width, channel, position), v = load<f32>(laneAt(x, panel, column));
    if (v > m) { m = v; at = column; }
  }
  add(laneAt(dx, panel, at), d);
}

function toAll(d: f32, _x: usize, dx: usize, panel: usize, frame: usize, channel: i32, output: i32): void {
  const width = load<i32>(frame, Frame.Width), dilation = load<i32>(frame, Frame.Dilation);
  const share = d / <f32>load<i32>(frame, Frame.Kernel), end = lastInside(frame, output);
  for (let position = firstInside(frame, output); position <= end; position += dilation) {
    add(laneAt(dx, panel, columnOf(frame, width, channel, position)), share);
  }
}

// @ts-ignore: decorator
@inline
function add(to: usize, value: f32): void {
  store<f32>(to, load<f32>(to) + value);
}
