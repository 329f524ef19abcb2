// Between a frame as a plain vector and what an output of a convolution sees of it, its patch [kernel][channels]; and
// between the outputs as a plain vector and the units of one of them.

import { Frame } from '../../shared/convolution';
import { columnOf, startOf } from '../frame/positions';

/**
 * What output number `output` sees of the frame x, zeros where it lies outside: in `patch`, or in x itself where it lies
 * there in one piece of whole panels. Returns its address.
 */
export function patchOf(x: usize, frame: usize, output: i32, patch: usize): usize {
  const channels = load<i32>(frame, Frame.Channels), kernel = load<i32>(frame, Frame.Kernel);
  const isPiece = load<i32>(frame, Frame.Dilation) == 1 && (load<i32>(frame, Frame.ChannelsFirst) == 0 || channels == 1);
  if (!isPiece) {
    gatherPatch(x, frame, output, patch);
    return patch;
  }
  const start = startOf(frame, output), end = start + kernel, bytes = <usize>channels << 2;
  const first = max(start, 0), behind = min(end, load<i32>(frame, Frame.Width));
  if (first == start && behind == end && ((kernel * channels) & 15) == 0) return x + <usize>start * bytes;
  memory.fill(patch, 0, <usize>kernel * bytes);
  if (first < behind) {
    memory.copy(patch + <usize>(first - start) * bytes, x + <usize>first * bytes, <usize>(behind - first) * bytes);
  }
  return patch;
}

/** The same, channel by channel, into `patch`. */
function gatherPatch(x: usize, frame: usize, output: i32, patch: usize): void {
  const channels = load<i32>(frame, Frame.Channels), width = load<i32>(frame, Frame.Width);
  const step = stepOf(frame, width), bytes = <usize>channels << 2, end = patch + bytes * load<u32>(frame, Frame.Kernel);
  for (let position = startOf(frame, output); patch < end; position += load<i32>(frame, Frame.Dilation)) {
    if (<u32>position < <u32>width) {
      copy(x + (<usize>columnOf(frame, width, 0, position) << 2), step, patch, 4, channels);
    } else memory.fill(patch, 0, bytes);
    patch += bytes;
  }
}

/** The opposite way, added: x += patch, but for what lies outside. */
export function addPatch(patch: usize, frame: usize, output: i32, x: usize): void {
  const channels = load<i32>(frame, Frame.Channels), width = load<i32>(frame, Frame.Width);
  const step = stepOf(frame, width), bytes = <usize>channels << 2, end = patch + bytes * load<u32>(frame, Frame.Kernel);
  for (let position = startOf(frame, output); patch < end; position += load<i32>(frame, Frame.Dilation)) {
    if (<u32>position < <u32>width) {
      let to = x + (<usize>columnOf(frame, width, 0, position) << 2);
      for (let p = patch; p < patch + bytes; p += 4, to += step) store<f32>(to, load<f32>(to) + load<f32>(p));
    }
    patch += bytes;
  }
}

/** The m values of output number `output` to where the layout has them in `outputs`. */
export function putUnits(units: usize, m: i32, frame: usize, output: i32, outputs: usize): void {
  copy(units, 4, outputs + firstUnit(frame, m, output), stepOf(frame, load<i32>(frame, Frame.OutWidth)), m);
}

/** The opposite way. */
export function takeUnits(outputs: usize, m: i32, frame: usize, output: i32, units: usize): void {
  copy(outputs + firstUnit(frame, m, output), stepOf(frame, load<i32>(frame, Frame.OutWidth)), units, 4, m);
}

function firstUnit(frame: usize, m: i32, output: i32): usize {
  return <usize>(load<i32>(frame, Frame.ChannelsFirst) ? output : output * m) << 2;
}

/** Bytes from a channel to the next in a frame `width` wide. */
function stepOf(frame: usize, width: i32): usize {
  return load<i32>(frame, Frame.ChannelsFirst) ? <usize>width << 2 : 4;
}

/** `count` values that lie `fromStep` bytes apart to where they lie `toStep` bytes apart. */
function copy(from: usize, fromStep: usize, to: usize, toStep: usize, count: i32): void {
  for (; count > 0; count--) {
    store<f32>(to, load<f32>(from));
    from += fromStep; to += toStep;
  }
}
