// minLSTM (Feng et al. 2024), the pointwise half, with f and i normalised to a sum of 1:
//
//   f' = f / (f + i)   i' = 1 - f'
//   h ← f' h + i' n = n + f' (h - n)
//
// Where both gates are 0, far from where anything is learned, f' is ½.
//
// Operands: a = gates [f i] (activated), b = h, c = y, d = n (activated).
//
// Backward, with dh what flows back from y and from the next timestep:
//   df' = dh (h₋₁ - n)   df += df' i' / (f + i)   di -= df' f' / (f + i)   dn += dh i'   dh ← dh f'

import { flush, flushVector, smallest } from '../kernels/activation/flush';
import { BackwardRecord, give, giveVector } from '../memory/backward-record';
import { OpRecord, columnsOf } from '../memory/op-record';
import { runBytes, runCount } from '../memory/runs';

/** Added to f and i: nothing to a gate that is not 0, and 0 / 0 is ½. */
const TINY: f32 = 1e-20;

export function minLstmState(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, stride = op.aPanel;
  const gates = op.a + <usize>row * op.aRow, gate = <usize>panels * stride;
  const n = op.d + <usize>row * op.dRow, y = op.c + <usize>row * op.cRow, bytes = runBytes(stride, panels, rows);
  for (let p: usize = 0; p < <usize>runCount(stride, panels, rows); p++) {
    const f = gates + p * stride;
    update(f, f + gate, n + p * op.dPanel, op.b + p * op.bPanel, y + p * op.cPanel, bytes);
  }
}

/** h = y = n + f' (h - n) */
function update(f: usize, i: usize, n: usize, h: usize, y: usize, bytes: usize): void {
  const end = f + bytes;
  if (ASC_FEATURE_SIMD) {
    const small = smallest(), tiny = f32x4.splat(TINY);
    do {
      const vf = f32x4.add(v128.load(f), tiny), forget = f32x4.div(vf, f32x4.add(vf, f32x4.add(v128.load(i), tiny)));
      const v = v128.load(n), difference = f32x4.sub(v128.load(h), v);
      const hidden = flushVector(f32x4.add(v, f32x4.mul(forget, difference)), small);
      v128.store(h, hidden); v128.store(y, hidden);
      f += 16; i += 16; n += 16; h += 16; y += 16;
    } while (f < end);
  } else {
    do {
      const vf = load<f32>(f) + TINY, forget = vf / (vf + (load<f32>(i) + TINY));
      const v = load<f32>(n), hidden = flush(v + forget * (load<f32>(h) - v));
      store<f32>(h, hidden); store<f32>(y, hidden);
      f += 4; i += 4; n += 4; h += 4; y += 4;
    } while (f < end);
  }
}

export function minLstmStateBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, panels = columnsOf(op.n) >> 4;
  const from = <usize>row << 6, bytes = <usize>rows << 6, gate = <usize>panels * op.aPanel;
  for (let p: usize = 0; p < <usize>panels; p++) {
    const f = from + p * op.aPanel, n = from + p * op.dPanel, y = from + p * op.cPanel;
    const before = record.tapeB + from + p * record.tapeBPanel, dh = record.db + p * op.bPanel;
    if (ASC_FEATURE_SIMD) backwardSimd(record, f, f + gate, n, y, before, dh, bytes);
    else backwardScalar(record, f, f + gate, n, y, before, dh, bytes);
  }
}

/** f, i, n, y: where the panel lies in those operands. */
function backwardScalar(
  record: BackwardRecord, f: usize, i: usize, n: usize, y: usize, before: usize, dh: usize, bytes: usize,
): void {
  const op = record.op;
  for (const end = dh + bytes; dh < end; dh += 4) {
    const vf = load<f32>(op.a + f) + TINY, sum = vf + (load<f32>(op.a + i) + TINY), forget = vf / sum;
    const d = load<f32>(dh) + load<f32>(record.dc + y), slope = d * (load<f32>(before) - load<f32>(op.d + n));
    give(record.da, record.dc, f, (slope * (1 - forget)) / sum);
    give(record.da, record.dc, i, (slope * -forget) / sum);
    give(record.dd, record.dc, n, d * (1 - forget));
    store<f32>(dh, d * forget);
    f += 4; i += 4; n += 4; y += 4; before += 4;
  }
}

function backwardSimd(
  record: BackwardRecord, f: usize, i: usize, n: usize, y: usize, before: usize, dh: usize, bytes: usize,
): void {
  const op = record.op, one = f32x4.splat(1), tiny = f32x4.splat(TINY);
  for (const end = dh + bytes; dh < end; dh += 16) {
    const vf = f32x4.add(v128.load(op.a + f), tiny), sum = f32x4.add(vf, f32x4.add(v128.load(op.a + i), tiny));
    const forget = f32x4.div(vf, sum), rest = f32x4.sub(one, forget);
    const d = f32x4.add(v128.load(dh), v128.load(record.dc + y));
    const slope = f32x4.mul(d, f32x4.sub(v128.load(before), v128.load(op.d + n)));
    giveVector(record.da, record.dc, f, f32x4.div(f32x4.mul(slope, rest), sum));
    giveVector(record.da, record.dc, i, f32x4.div(f32x4.mul(slope, f32x4.neg(forget)), sum));
    giveVector(record.dd, record.dc, n, f32x4.mul(d, rest));
    v128.store(dh, f32x4.mul(d, forget));
    f += 16; i += 16; n += 16; y += 16; before += 16;
  }
}
