import { RivuletError, show } from '../errors.ts';
import type { GraphInput } from '../graph/definition.ts';
import { isFloats, isList, requireTimesteps, requireTokens } from './arguments.ts';

// Checks of a sequence of many rows, as `run` and `encode` take it.

/** Checks all but NaN and infinity, which the module refuses, and answers how many timesteps are to run. */
export function countTimesteps(
  method: string,
  input: GraphInput,
  rows: number,
  sequence: unknown,
  wanted: number | undefined,
): number {
  requireKind(method, input, sequence);
  const perTimestep = rows * (input.kind === 'tokens' ? 1 : input.size);
  if (wanted === undefined && sequence.length % perTimestep !== 0) {
    throw new RivuletError(
      'wrong-length',
      `${method}: expected a multiple of ${perTimestep} values (input "${input.name}"` +
        `${rows > 1 ? `, ${rows} rows` : ''}), got length ${sequence.length}`,
    );
  }
  const timesteps = wanted ?? sequence.length / perTimestep;
  requireTimesteps(timesteps);
  if (sequence.length < timesteps * perTimestep) {
    throw new RivuletError(
      'wrong-length',
      `${method}: ${timesteps} timesteps need ${timesteps * perTimestep} values, got length ${sequence.length}`,
    );
  }
  if (input.kind === 'tokens') requireTokens(input, sequence, timesteps * rows, rows);
  return timesteps;
}

function requireKind(
  method: string,
  { kind }: GraphInput,
  sequence: unknown,
): asserts sequence is ArrayLike<number> {
  if (kind === 'features' ? isFloats(sequence) : isList(sequence) && !isFloats(sequence)) return;
  const expected =
    kind === 'features'
      ? 'a Float32Array [timesteps, batch, features]'
      : 'a Uint32Array or a list of tokens [timesteps, batch]';
  throw new RivuletError('invalid-argument', `${method}: expected ${expected}, got ${show(sequence)}`);
}

/**
 * One length per row, 1 … timesteps. A length of 0 is what `empty` says of its row.
 *
 * @throws RivuletError `invalid-argument`, `wrong-length`, and what `empty` gives
 */
export function requireLengths(
  method: string,
  lengths: unknown,
  rows: number,
  timesteps: number,
  empty: (row: number) => RivuletError,
): asserts lengths is ArrayLike<number> {
  if (!isList(lengths)) {
    throw new RivuletError(
      'invalid-argument',
      `${method}: lengths must be a Uint32Array or a list, one per row, got ${show(lengths)}`,
    );
  }
  if (lengths.length !== rows) {
    throw new RivuletError(
      'wrong-length',
      `${method}: expected ${rows} lengths, one per row, got ${lengths.length}`,
    );
  }
  for (let row = 0; row < rows; row++) {
    const length: unknown = lengths[row];
    if (length === 0) throw empty(row);
    if (!Number.isInteger(length) || (length as number) < 0) {
      throw new RivuletError(
        'invalid-argument',
        `${method}: the length of row ${row} must be an integer in 1 … ${timesteps}, got ${show(length)}`,
      );
    }
    if ((length as number) > timesteps) {
      throw new RivuletError(
        'wrong-length',
        `${method}: the length of row ${row} is ${length}, and the sequence has ${timesteps} timesteps`,
      );
    }
  }
}
