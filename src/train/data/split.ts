import { RivuletError, show } from '../../errors.ts';
import { Draws, Purpose } from '../../runtime/draws.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { Examples, TrainingData } from '../dataset.ts';
import { isNested } from './plain.ts';

export interface SplitOptions {
  /** Of a list: its sequences are put in random order first, by the generator of a runtime. */
  readonly shuffle?: { readonly runtime: Runtime; readonly seed: number };
}

type Pair = Exclude<Examples, string | Uint32Array>;
type Part<T> = T extends string ? string : T extends readonly (infer E)[] ? readonly E[] : T;

/**
 * Data in parts, in their order: a stream by its timesteps, so that what is validated and tested on comes after what is
 * learnt from; a list by whole sequences.
 *
 *     const [training, validation, test] = split(data, [0.7, 0.1, 0.2]);
 *
 * @param parts fractions that add up to 1; or numbers of timesteps or sequences, and what is left behind them is in no part
 * @throws RivuletError `invalid-argument`, `empty-data` where a part would be empty
 */
export function split<T extends TrainingData, const N extends readonly number[]>(
  data: T,
  parts: N,
  { shuffle }: SplitOptions = {},
): { [K in keyof N]: Part<T> } {
  const isList = Array.isArray(data);
  if (shuffle && !isList) {
    throw new RivuletError(
      'invalid-argument',
      'shuffle is for a list of sequences: the timesteps of a stream keep their order',
    );
  }
  const list = isList ? inOrder(data, shuffle) : [];
  const count = isList ? list.length : lengthOf(data as Examples);
  const ends = endsOf(parts, count, isList ? 'sequences' : 'timesteps');
  return ends.map((end, i) => {
    const from = ends[i - 1] ?? 0;
    return isList ? list.slice(from, end) : cut(data as Examples, from, end, count);
  }) as { [K in keyof N]: Part<T> };
}

function inOrder(list: readonly Examples[], shuffle: SplitOptions['shuffle']): readonly Examples[] {
  const copy = [...list];
  if (shuffle) new Draws(shuffle.runtime, shuffle.seed, Purpose.Order).shuffle(copy, 0);
  return copy;
}

/** Where each part ends. */
function endsOf(parts: readonly number[], count: number, unit: string): readonly number[] {
  const sum = parts.reduce((total, part) => total + part, 0);
  const areCounts = parts.every((part) => Number.isInteger(part) && part >= 1) && sum > 1;
  const areFractions = parts.every((part) => part > 0 && part <= 1) && Math.abs(sum - 1) < 1e-9;
  if (!areCounts && !areFractions) {
    throw new RivuletError(
      'invalid-argument',
      `parts must be fractions above 0 that add up to 1, or numbers of ${unit}, got [${parts.map(show).join(', ')}]`,
    );
  }
  let before = 0;
  const ends = parts.map((part) => {
    before += part;
    return areCounts ? before : Math.round(Math.min(before, 1) * count);
  });
  const empty = ends.findIndex((end, i) => end <= (ends[i - 1] ?? 0));
  if (empty >= 0 || ends.at(-1)! > count) {
    throw new RivuletError(
      'empty-data',
      `${count} ${unit} are too few for the parts [${parts.join(', ')}]: ` +
        `${empty >= 0 ? `part ${empty} would be empty` : `they need ${ends.at(-1)}`}`,
    );
  }
  return ends;
}

/** Characters, tokens or timesteps. */
function lengthOf(data: Examples): number {
  if (typeof data === 'string' || ArrayBuffer.isView(data)) return data.length;
  const { inputs, targets, timesteps } = data;
  if (timesteps !== undefined) return timesteps;
  for (const values of [inputs, targets]) {
    if (Array.isArray(values) ? isNested(values) : values instanceof Uint32Array) return values.length;
  }
  throw new RivuletError(
    'invalid-argument',
    'data: timesteps must be given where inputs and targets are flat arrays of values: how many each timestep has is not known here',
  );
}

function cut(data: Examples, from: number, to: number, count: number): Examples {
  if (typeof data === 'string') return data.slice(between(data, from), between(data, to));
  if (ArrayBuffer.isView(data)) return data.subarray(from, to);
  const part = <T extends Pair['inputs']>(values: T, what: string): T => {
    const width = values.length / count;
    if (!Number.isInteger(width)) {
      throw new RivuletError(
        'wrong-length',
        `data: ${what}: expected a multiple of ${count} timesteps, got length ${values.length}`,
      );
    }
    return (
      ArrayBuffer.isView(values)
        ? values.subarray(from * width, to * width)
        : (values as readonly number[]).slice(from * width, to * width)
    ) as T;
  };
  return {
    ...data,
    inputs: part(data.inputs, 'inputs'),
    targets: part(data.targets, 'targets'),
    timesteps: to - from,
  };
}

/** A character beyond the basic plane is two units of a string, and belongs to the part that it begins in. */
function between(text: string, at: number): number {
  const before = text.charCodeAt(at - 1);
  const behind = text.charCodeAt(at);
  const isWithin = before >= 0xd800 && before < 0xdc00 && behind >= 0xdc00 && behind < 0xe000;
  return isWithin ? at + 1 : at;
}
