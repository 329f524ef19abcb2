// out = a ⊙ b. Operands: kernels/elementwise/pairs.ts, but b may be a state.
//
// Backward: da += dout ⊙ b, db += dout ⊙ a. It reads a and b, so what is to be trained has a buffer of its own for out.

import { BackwardRecord, give, giveVector } from '../../memory/backward-record';
import { columnsOf } from '../../memory/op-record';
import { eachPair } from './pairs';

export function mulOp(at: usize, row: i32, rows: i32): void {
  eachPair(at, row, rows, multiply);
}

/** out = a ⊙ b; `bytes` a multiple of 16. */
export function multiply(a: usize, b: usize, out: usize, bytes: usize): void {
  const end = a + bytes;
  if (ASC_FEATURE_SIMD) {
    do {
      v128.store(out, f32x4.mul(v128.load(a), v128.load(b)));
      a += 16; b += 16; out += 16;
    } while (a < end);
  } else {
    do {
      store<f32>(out, load<f32>(a) * load<f32>(b));
      a += 4; b += 4; out += 4;
    } while (a < end);
  }
}

export function mulBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, from = <usize>row << 6, bytes = <usize>rows << 6;
  for (let p: usize = 0; p < <usize>columnsOf(op.n) >> 4; p++) {
    const a = from + p * op.aPanel, b = <usize>row * op.bRow + p * op.bPanel, out = from + p * op.cPanel;
    const before = record.tapeB + from + p * record.tapeBPanel;
    if (ASC_FEATURE_SIMD) backwardSimd(record, a, b, out, before, bytes);
    else backwardScalar(record, a, b, out, before, bytes);
  }
}

/** a, b, out: where the panel lies in those operands; before: b as it was read. */
function backwardScalar(record: BackwardRecord, a: usize, b: usize, out: usize, before: usize, bytes: usize): void {
  for (const end = out + bytes; out < end; out += 4) {
    const d = load<f32>(record.dc + out);
    give(record.da, record.dc, a, d * load<f32>(before));
    give(record.db, record.dc, b, d * load<f32>(record.op.a + a));
    a += 4; b += 4; before += 4;
  }
}

function backwardSimd(record: BackwardRecord, a: usize, b: usize, out: usize, before: usize, bytes: usize): void {
  for (const end = out + bytes; out < end; out += 16) {
    const d = v128.load(record.dc + out);
    giveVector(record.da, record.dc, a, f32x4.mul(d, v128.load(before)));
    giveVector(record.db, record.dc, b, f32x4.mul(d, v128.load(record.op.a + a)));
    a += 16; b += 16; before += 16;
  }
}
