// How the gradient flows through time: the norms of dL/dh and dL/dc behind every timestep, all streams together. They are
// taken just before a cell flows back, when all that reads its state has given its share. In float64, since the squares of
// a gradient that vanishes leave float32 long before it does.

import { tanh } from '../kernels/activation/tanh';
import { BackwardRecord } from '../memory/backward-record';
import { columnsOf } from '../memory/op-record';

/** Timesteps of the window before the chunk that flows back. */
let before: i32 = 0;

export function watchFrom(timestep: i32): void {
  before = timestep;
}

/**
 * Of a state whose value is given on: da = gradient of the state, from the next timestep; db = gradient of the value,
 * panels `tapeBPanel` bytes apart; scratch = f64[timesteps], where the norms go.
 */
export function watchState(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), bytes = <usize>rows << 6;
  let sum: f64 = 0;
  for (let p: usize = 0; p < <usize>columnsOf(record.op.n) >> 4; p++) {
    const da = record.da + p * bytes, db = record.db + p * record.tapeBPanel + (<usize>row << 6);
    for (let i: usize = 0; i < bytes; i += 4) {
      const d = load<f32>(da + i) + load<f32>(db + i);
      sum += <f64>d * <f64>d;
    }
  }
  note(record, row / rows, sum);
}

/** Of c of an LSTM, from what its cell reads: dc + dh o (1 - tanh²(c)), see cells/lstm.ts. */
export function watchLstm(at: usize, row: i32, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op, panels = <usize>columnsOf(op.n) >> 4;
  const from = <usize>row << 6, bytes = <usize>rows << 6, gate = panels * op.aPanel;
  let sum: f64 = 0;
  for (let p: usize = 0; p < panels; p++) {
    const o = op.a + from + p * op.aPanel + 2 * gate, c = record.tapeB + from + p * record.tapeBPanel + record.after;
    const dy = record.dd + from + p * op.dPanel, dh = record.dc + p * op.cPanel, dc = record.db + p * op.bPanel;
    for (let i: usize = 0; i < bytes; i += 4) {
      const t = tanh(load<f32>(c + i)), d = load<f32>(dy + i) + load<f32>(dh + i);
      const cell = load<f32>(dc + i) + d * load<f32>(o + i) * (1 - t * t);
      sum += <f64>cell * <f64>cell;
    }
  }
  note(record, row / rows, sum);
}

function note(record: BackwardRecord, timestep: i32, sum: f64): void {
  store<f64>(record.scratch + (<usize>(before + timestep) << 3), sqrt(sum));
}
