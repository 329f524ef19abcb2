import { OpRecord, columnsOf } from '../../memory/op-record';
import { inverseOf, meanOf, scalePanel } from './f32';

/**
 * Operands: a = x, b = γ, c = β, d = out, e = f32[4] {epsilon}; k blocks of n columns. Backward reads x, so out is
 * another buffer.
 */
export function layerNormOp(at: usize, row: i32, rows: i32): void {
  const op = changetype<OpRecord>(at), panels = <usize>(op.k * (columnsOf(op.n) >> 4));
  let x = op.a + <usize>row * op.aRow, out = op.d + <usize>row * op.dRow;
  for (; rows > 0; rows--) {
    const mean = meanOf(x, op.aPanel, op.n, op.k);
    const r = inverseOf(x, op.aPanel, op.n, op.k, mean, load<f32>(op.e));
    for (let p: usize = 0; p < panels; p++) {
      scalePanel(x + p * op.aPanel, out + p * op.dPanel, mean, r, op.b + (p << 6), op.c + (p << 6));
    }
    x += 64; out += 64;
  }
}
