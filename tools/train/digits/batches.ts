import { END, MAX_LENGTH, START, solve, type Task } from './strings.ts';

/** Strings side by side, and what the decoder reads and is to give: [timesteps, batch], padded with 0. */
export interface Batch {
  readonly source: {
    readonly inputs: Uint32Array;
    readonly timesteps: number;
    readonly lengths: Uint32Array;
  };
  readonly inputs: Uint32Array;
  readonly targets: Uint32Array;
  /** 1 up to the end of a string, 0 behind it. */
  readonly weights: Float32Array;
  readonly timesteps: number;
}

/** Timesteps of the longest string, and of its decoding with the end. */
export const LONGEST = { source: MAX_LENGTH, decoded: MAX_LENGTH + 1 } as const;

export function makeBatch(strings: readonly (readonly number[])[], task: Task): Batch {
  const size = strings.length;
  const longest = Math.max(...strings.map((string) => string.length));
  const timesteps = longest + 1;
  const source = new Uint32Array(longest * size);
  const inputs = new Uint32Array(timesteps * size);
  const targets = new Uint32Array(timesteps * size);
  const weights = new Float32Array(timesteps * size);
  strings.forEach((string, stream) => {
    const solved = solve(task, string);
    for (let t = 0; t <= string.length; t++) {
      const at = t * size + stream;
      if (t < string.length) source[at] = string[t]!;
      inputs[at] = t === 0 ? START : solved[t - 1]!;
      targets[at] = solved[t] ?? END;
      weights[at] = 1;
    }
  });
  const lengths = Uint32Array.from(strings, (string) => string.length);
  return { source: { inputs: source, timesteps: longest, lengths }, inputs, targets, weights, timesteps };
}
