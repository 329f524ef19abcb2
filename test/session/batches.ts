/** Sequences of rows of one length, [timesteps, per] each, side by side: [timesteps, rows, per]. */
export function sideBySide(
  sequences: readonly (Float32Array | Uint32Array)[],
  per: number,
): Float32Array | Uint32Array {
  const [first] = sequences;
  const all = first!.slice(0, 0).constructor as new (length: number) => typeof first & object;
  const batch = new all(sequences.length * first!.length);
  sequences.forEach((sequence, row) => {
    for (let t = 0; t < sequence.length / per; t++) {
      batch.set(sequence.subarray(t * per, (t + 1) * per), (t * sequences.length + row) * per);
    }
  });
  return batch;
}

/** Row `row` of [timesteps, rows, size] */
export function rowOf(values: Float32Array, row: number, rows: number, size: number): Float32Array {
  return Float32Array.from({ length: values.length / rows }, (_, i) => {
    return values[(Math.floor(i / size) * rows + row) * size + (i % size)]!;
  });
}
