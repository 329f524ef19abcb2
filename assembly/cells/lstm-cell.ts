// The cell state of an LSTM whose gates are activated by ops of their own:
//
//   c ← clip(f c + i g)      between -clip and clip, where the cell has a clip
//
// Operands: a = gates [i f o g] (i, f and g activated, o not read), b = c, c = out (c of this timestep),
// d = f32[4] {clip} or nothing.
//
// Backward, with dc what flows back from out and from the next timestep, 0 where c was clipped:
//   di += dc g   df += dc c₋₁   dg += dc i   dc ← dc f

import { flush, flushVector, smallest } from '../kernels/activation/flush';
import { BackwardRecord, give, giveVector } from '../memory/backward-record';
import { OpRecord, columnsOf } from '../memory/op-record';
import { runBytes, runCount } from '../memory/runs';

export function lstmCell(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = columnsOf(op.n) >> 4, stride = op.aPanel;
  const gates = op.a + <usize>row * op.aRow, gate = <usize>panels * stride, clip = clipOf(op);
  const out = op.c + <usize>row * op.cRow, bytes = runBytes(stride, panels, rows);
  for (let p: usize = 0; p < <usize>runCount(stride, panels, rows); p++) {
    update(gates + p * stride, gate, op.b + p * op.bPanel, out + p * op.cPanel, bytes, clip);
  }
}

function clipOf(op: OpRecord): f32 {
  return op.d ? load<f32>(op.d) : Infinity;
}

/** c = out = clip(f c + i g); f and g lie one and three gates behind i. */
function update(i: usize, gate: usize, c: usize, out: usize, bytes: usize, clip: f32): void {
  const end = i + bytes;
  let f = i + gate, g = i + 3 * gate;
  if (ASC_FEATURE_SIMD) {
    const tiny = smallest(), high = f32x4.splat(clip), low = f32x4.splat(-clip);
    do {
      const sum = f32x4.add(f32x4.mul(v128.load(f), v128.load(c)), f32x4.mul(v128.load(i), v128.load(g)));
      const cell = f32x4.pmin(f32x4.pmax(flushVector(sum, tiny), low), high);
      v128.store(c, cell); v128.store(out, cell);
      i += 16; f += 16; g += 16; c += 16; out += 16;
    } while (i < end);
  } else {
    do {
      let cell = flush(load<f32>(f) * load<f32>(c) + load<f32>(i) * load<f32>(g));
      cell = cell < -clip ? -clip : cell;
      cell = clip < cell ? clip : cell;
      store<f32>(c, cell); store<f32>(out, cell);
      i += 4; f += 4; g += 4; c += 4; out += 4;
    } while (i < end);
  }
}

export function lstmCellBackward(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, panels = columnsOf(op.n) >> 4, clip = clipOf(op);
  const from = <usize>row << 6, bytes = <usize>rows << 6, gate = <usize>panels * op.aPanel;
  for (let p: usize = 0; p < <usize>panels; p++) {
    const i = from + p * op.aPanel, out = from + p * op.cPanel, dc = record.db + p * op.bPanel;
    const before = record.tapeB + from + p * record.tapeBPanel;
    if (ASC_FEATURE_SIMD) backwardSimd(record, i, gate, out, before, dc, bytes, clip);
    else backwardScalar(record, i, gate, out, before, dc, bytes, clip);
  }
}

/** i, out: where the panel lies in those operands. */
function backwardScalar(
  record: BackwardRecord, i: usize, gate: usize, out: usize, before: usize, dc: usize, bytes: usize, clip: f32,
): void {
  const op = record.op, f = gate, g = 3 * gate;
  for (const end = dc + bytes; dc < end; dc += 4) {
    const clipped = abs<f32>(load<f32>(op.c + out)) >= clip;
    const d = clipped ? <f32>0 : load<f32>(dc) + load<f32>(record.dc + out);
    give(record.da, record.dc, i, d * load<f32>(op.a + i + g));
    give(record.da, record.dc, i + f, d * load<f32>(before));
    give(record.da, record.dc, i + g, d * load<f32>(op.a + i));
    store<f32>(dc, d * load<f32>(op.a + i + f));
    i += 4; out += 4; before += 4;
  }
}

function backwardSimd(
  record: BackwardRecord, i: usize, gate: usize, out: usize, before: usize, dc: usize, bytes: usize, clip: f32,
): void {
  const op = record.op, f = gate, g = 3 * gate, high = f32x4.splat(clip);
  for (const end = dc + bytes; dc < end; dc += 16) {
    const clipped = f32x4.ge(f32x4.abs(v128.load(op.c + out)), high);
    const d = v128.andnot(f32x4.add(v128.load(dc), v128.load(record.dc + out)), clipped);
    giveVector(record.da, record.dc, i, f32x4.mul(d, v128.load(op.a + i + g)));
    giveVector(record.da, record.dc, i + f, f32x4.mul(d, v128.load(before)));
    giveVector(record.da, record.dc, i + g, f32x4.mul(d, v128.load(op.a + i)));
    v128.store(dc, f32x4.mul(d, v128.load(op.a + i + f)));
    i += 16; out += 16; before += 16;
  }
}
