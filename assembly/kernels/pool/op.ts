// Pooling within the frame of a timestep. Operands: a = x, b = out, e = descriptor (shared/convolution.ts).
//
// The padding is no candidate of a maximum, and counts as zeros in an average.

import { OpRecord } from '../../memory/op-record';
import { laneAt } from '../../memory/lanes';
import { Frame } from '../../shared/convolution';
import { columnOf, firstInside, lastInside } from '../frame/positions';

export function maxPoolOp(at: usize, row: i32, rows: i32): void { pool(at, row, rows, largest); }
export function averagePoolOp(at: usize, row: i32, rows: i32): void { pool(at, row, rows, average); }

/** Of the values that an output of a channel sees; `x` is a row. */
type Pool = (x: usize, panel: usize, frame: usize, channel: i32, output: i32) => f32;

function pool(at: usize, row: i32, rows: i32, value: Pool): void {
  const op = changetype<OpRecord>(at), frame = op.e, outWidth = load<i32>(frame, Frame.OutWidth);
  for (let r = row; r < row + rows; r++) {
    const x = op.a + (<usize>r << 6), out = op.b + (<usize>r << 6);
    for (let channel = 0; channel < load<i32>(frame, Frame.Channels); channel++) {
      for (let output = 0; output < outWidth; output++) {
        const column = columnOf(frame, outWidth, channel, output);
        store<f32>(laneAt(out, op.bPanel, column), value(x, op.aPanel, frame, channel, output));
      }
    }
  }
}

function largest(x: usize, panel: usize, frame: usize, channel: i32, output: i32): f32 {
  const width = load<i32>(frame, Frame.Width), dilation = load<i32>(frame, Frame.Dilation);
  let position = firstInside(frame, output);
  const end = lastInside(frame, output);
  if (position > end) return 0;
  let m = load<f32>(laneAt(x, panel, columnOf(frame, width, channel, position)));
  for (position += dilation; position <= end; position += dilation) {
    const v = load<f32>(laneAt(x, panel, columnOf(frame, width, channel, position)));
    m = v > m ? v : m;
  }
  return m;
}

function average(x: usize, panel: usize, frame: usize, channel: i32, output: i32): f32 {
  const width = load<i32>(frame, Frame.Width), dilation = load<i32>(frame, Frame.Dilation);
  const end = lastInside(frame, output);
  let sum: f32 = 0;
  for (let position = firstInside(frame, output); position <= end; position += dilation) {
    sum += load<f32>(laneAt(x, panel, columnOf(frame, width, channel, position)));
  }
  return sum / <f32>load<i32>(frame, Frame.Kernel);
}
