import { columnsOf } from './op-record';

/** One row of a panel, 64 bytes. Inline: memory.copy is a call out of the module's code, 4 ns for so few bytes. */
// @ts-ignore: decorator
@inline
export function copyPanel(to: usize, from: usize): void {
  if (ASC_FEATURE_SIMD) {
    v128.store(to, v128.load(from)); v128.store(to, v128.load(from, 16), 16);
    v128.store(to, v128.load(from, 32), 32); v128.store(to, v128.load(from, 48), 48);
  } else {
    store<u64>(to, load<u64>(from)); store<u64>(to, load<u64>(from, 8), 8);
    store<u64>(to, load<u64>(from, 16), 16); store<u64>(to, load<u64>(from, 24), 24);
    store<u64>(to, load<u64>(from, 32), 32); store<u64>(to, load<u64>(from, 40), 40);
    store<u64>(to, load<u64>(from, 48), 48); store<u64>(to, load<u64>(from, 56), 56);
  }
}

/** `rows` rows of the panels of n columns. */
export function copyRows(from: usize, fromPanel: usize, to: usize, toPanel: usize, n: i32, rows: i32): void {
  const bytes = <usize>rows << 6;
  for (let panels = columnsOf(n) >> 4; panels > 0; panels--) {
    if (rows == 1) copyPanel(to, from);
    else memory.copy(to, from, bytes);
    from += fromPanel; to += toPanel;
  }
}

/** to[16] += from[16] */
// @ts-ignore: decorator
@inline
export function addPanel(to: usize, from: usize): void {
  const end = to + 64;
  if (ASC_FEATURE_SIMD) {
    for (; to < end; to += 16, from += 16) v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  } else {
    for (; to < end; to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
  }
}
