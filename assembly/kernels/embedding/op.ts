import { copyPanel } from '../../memory/copy';
import { OpRecord } from '../../memory/op-record';

/** out = table[token]. Operands: a = tokens, b = table f32[k][n], c = out; n is a multiple of 16. */
export function embeddingOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at);
  let tokens = op.a + <usize>row * op.aRow, out = op.c + <usize>row * op.cRow;
  for (; rows > 0; rows--) {
    let source = op.b + (<usize>load<u32>(tokens) * <usize>op.n << 2), panel = out;
    for (let i = op.n >> 4; i > 0; i--) {
      copyPanel(panel, source);
      source += 64; panel += op.cPanel;
    }
    tokens += 4; out += 64;
  }
}
