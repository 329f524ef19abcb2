// What a step refuses before anything runs, so that the state stays as it was.

import { allFinite } from '../kernels/finite/f32';
import { runBytes, runCount } from '../memory/runs';
import { InputKind, Status } from '../shared/codes';
import { INPUT_RECORD, InputRecord, Session } from './session';

/** The input, row and column that was refused last. */
export let refusedInput: i32 = 0;
export let refusedRow: i32 = 0;
export let refusedColumn: i32 = 0;

/** Checks the first `rows` rows of the inputs first … end: finite features, tokens within the vocabulary. */
export function checkInputs(session: Session, first: usize, end: usize, rows: i32): i32 {
  for (let at = first; at < end; at += INPUT_RECORD) {
    const input = changetype<InputRecord>(at);
    const status = input.kind == InputKind.Tokens ? checkTokens(input, rows) : checkFeatures(input, rows);
    if (status != Status.Ok) {
      refusedInput = <i32>((at - session.inputs) / INPUT_RECORD);
      return status;
    }
  }
  return Status.Ok;
}

function checkTokens(input: InputRecord, rows: i32): i32 {
  for (let row = 0; row < rows; row++) {
    if (load<u32>(input.address + (<usize>row << 2)) >= input.size) {
      refusedRow = row;
      refusedColumn = 0;
      return Status.TokenOutOfRange;
    }
  }
  return Status.Ok;
}

function checkFeatures(input: InputRecord, rows: i32): i32 {
  const stride = <usize>input.stride;
  const runs = runCount(stride, input.panels, rows), bytes = runBytes(stride, input.panels, rows);
  if (allFinite(input.address, stride, runs, bytes)) return Status.Ok;
  for (refusedRow = 0; refusedRow < rows; refusedRow++) {
    for (refusedColumn = 0; <u32>refusedColumn < input.size; refusedColumn++) {
      const panel = input.address + <usize>(refusedColumn >> 4) * stride;
      const v = load<f32>(panel + (<usize>refusedRow << 6) + (<usize>(refusedColumn & 15) << 2));
      if (!(v - v == 0)) return Status.NonFiniteInput;
    }
  }
  return Status.NonFiniteInput;
}
