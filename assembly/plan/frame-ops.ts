// The ops over frames, whose descriptors have sizes of their own.

import { columnsOf } from '../memory/op-record';
import { Frame } from '../shared/convolution';
import { OpCode } from '../shared/codes';
import { OpEntry, PlanFormat } from '../shared/plan';
import { operandOffset } from './image';
import { buffer, constant, isSize } from './operands';

/** a = x [channels, width], d = out [m, outWidth], e = descriptor, with scales behind it for int8 */
export function isConvolution(plan: usize, op: usize, section: u32): bool {
  const k = load<u32>(op, OpEntry.K), n = load<u32>(op, OpEntry.N), m = load<u32>(op, OpEntry.M);
  const scales = load<u32>(op, OpEntry.Code) == OpCode.ConvolutionInt8 ? <u64>n * 4 : 0;
  if (!constant(plan, op, 4, Frame.Bytes + scales) || !isFrame(frameOf(plan, op))) return false;
  const frame = frameOf(plan, op), out = <u64>m * load<u32>(frame, Frame.OutWidth);
  if (!isSize(m) || columnsOf(m) != n || k != vectorsOf(frame, Frame.Kernel)) return false;
  return out <= <u64>PlanFormat.MaxColumns && buffer(plan, op, 0, columnsOf(vectorsOf(frame, Frame.Width)), section)
    && buffer(plan, op, 3, columnsOf(<u32>out), section);
}

/** a = x [channels, width], e = descriptor; n = the columns of out [channels, outWidth] */
export function isFramePool(plan: usize, op: usize, section: u32): bool {
  if (!constant(plan, op, 4, Frame.Bytes) || !isFrame(frameOf(plan, op))) return false;
  const frame = frameOf(plan, op), n = load<u32>(op, OpEntry.N);
  // no weights stand behind its kernel, so a small plan could ask for endless work
  if (<u64>n * load<u32>(frame, Frame.Kernel) > <u64>Frame.MostWork) return false;
  return n == vectorsOf(frame, Frame.OutWidth)
    && buffer(plan, op, 0, columnsOf(vectorsOf(frame, Frame.Width)), section);
}

/** The descriptor, operand e. */
function frameOf(plan: usize, op: usize): usize {
  return plan + operandOffset(op, 4);
}

/** Channels times another size of a frame; a number that no size is where it is larger than all sizes. */
function vectorsOf(frame: usize, size: usize): u32 {
  const values = <u64>load<u32>(frame, Frame.Channels) * load<u32>(frame + size);
  return values <= <u64>PlanFormat.MaxColumns ? <u32>values : 0;
}

/**
 * Sizes that are sizes, frames of at most MaxColumns values, and positions far within an i32. What lies outside of the
 * frame is not read, wherever it lies.
 */
function isFrame(frame: usize): bool {
  for (let at: usize = Frame.Channels; at <= <usize>Frame.Dilation; at += 4) if (!isSize(load<u32>(frame + at))) return false;
  const outWidth = load<u32>(frame, Frame.OutWidth), pad = load<i32>(frame, Frame.Pad);
  if (!isSize(outWidth) || load<u32>(frame, Frame.ChannelsFirst) > 1) return false;
  if (pad < -PlanFormat.MaxColumns || pad > PlanFormat.MaxColumns) return false;
  const last = <u64>(outWidth - 1) * load<u32>(frame, Frame.Stride)
    + <u64>(load<u32>(frame, Frame.Kernel) - 1) * load<u32>(frame, Frame.Dilation);
  return last <= <u64>PlanFormat.MaxColumns * 4 && vectorsOf(frame, Frame.Width) != 0;
}
