import { BackwardRecord } from '../../memory/backward-record';
import { addPanel } from '../../memory/copy';

/** out = table[token], backward: dtable[token] += dout, row by row. */
export function embeddingParameters(at: usize, rows: i32): void {
  const record = changetype<BackwardRecord>(at), op = record.op;
  let tokens = op.a, dout = record.dc;
  for (; rows > 0; rows--) {
    let target = record.db + (<usize>load<u32>(tokens) * <usize>op.n << 2), panel = dout;
    for (let i = op.n >> 4; i > 0; i--) {
      addPanel(target, panel);
      target += 64; panel += op.cPanel;
    }
    tokens += 4; dout += 64;
  }
}
