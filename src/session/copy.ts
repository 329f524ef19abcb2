// Between flat arrays and the panels of a buffer. A step's buffer has one row, so its panels are a flat vector; in a
// chunk, row t of panel p lies at (p * rows + t) * 16.

const PANEL = 16;

/** Up to this length a loop beats the call of TypedArray.set, which costs as much as 14 turns of it. */
const LOOP_LIMIT = 14;

/** target[at …] = values */
export function copyIn(target: Float32Array, at: number, values: Float32Array): void {
  if (values.length > LOOP_LIMIT) target.set(values, at);
  else for (let i = 0; i < values.length; i++) target[at + i] = values[i]!;
}

/** out = view, whose length is at most out's */
export function copyView(view: Float32Array, out: Float32Array): void {
  if (view.length > LOOP_LIMIT) out.set(view);
  else for (let i = 0; i < view.length; i++) out[i] = view[i]!;
}

/** target[to … to + n] = source[from … from + n], where a view for each timestep would be an allocation */
export function copyRange(target: Float32Array, to: number, source: Float32Array, from: number, n: number): void {
  for (let i = 0; i < n; i++) target[to + i] = source[from + i]!;
}

/** Row `row` of a buffer of `rows` rows from values[from … from + n]. */
export function copyRowIn(
  memory: Float32Array,
  buffer: number,
  rows: number,
  row: number,
  values: Float32Array,
  from: number,
  n: number,
): void {
  for (let column = 0; column < n; column += PANEL) {
    const at = buffer + (column * rows + row * PANEL);
    const width = Math.min(PANEL, n - column);
    for (let i = 0; i < width; i++) memory[at + i] = values[from + column + i]!;
  }
}

/** values[to … to + n] from row `row` of a buffer of `rows` rows. */
export function copyRowOut(
  memory: Float32Array,
  buffer: number,
  rows: number,
  row: number,
  values: Float32Array,
  to: number,
  n: number,
): void {
  for (let column = 0; column < n; column += PANEL) {
    const at = buffer + (column * rows + row * PANEL);
    const width = Math.min(PANEL, n - column);
    for (let i = 0; i < width; i++) values[to + column + i] = memory[at + i]!;
  }
}
