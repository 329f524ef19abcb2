import { Status } from '../../assembly/shared/codes.ts';
import { RivuletError, show } from '../errors.ts';
import type { GraphInput } from '../graph/definition.ts';
import type { Model } from './model.ts';

// Checks of what a caller hands over, in the order of a session's methods. Everything is checked before any state moves.

export function requireFloats(name: string, value: unknown, length: number): asserts value is Float32Array {
  if (!isFloats(value)) {
    throw new RivuletError(
      'invalid-argument',
      `${name}: expected a Float32Array of length ${length}, got ${show(value)}`,
    );
  }
  if (value.length !== length) {
    throw new RivuletError(
      'wrong-length',
      `${name}: expected a Float32Array of length ${length}, got length ${value.length}`,
    );
  }
}

export function requireRoom(name: string, value: unknown, length: number): asserts value is Float32Array {
  if (!isFloats(value)) {
    throw new RivuletError('invalid-argument', `${name}: expected a Float32Array, got ${show(value)}`);
  }
  if (value.length < length) {
    throw new RivuletError(
      'wrong-length',
      `${name}: expected room for ${length} values, got length ${value.length}`,
    );
  }
}

export function requireTimesteps(timesteps: unknown): asserts timesteps is number {
  if (!Number.isSafeInteger(timesteps) || (timesteps as number) < 0) {
    throw new RivuletError(
      'invalid-argument',
      `timesteps must be an integer of at least 0, got ${show(timesteps)}`,
    );
  }
}

/** A token where one is due: an integer below the vocabulary. */
export function requireToken(
  input: GraphInput,
  token: unknown,
  index = 0,
  rows = 1,
): asserts token is number {
  if (!Number.isInteger(token) || (token as number) < 0 || (token as number) >= input.size) {
    throw tokenOutOfRange(input, token, placeOf(index, rows));
  }
}

/** As many tokens, which stand row by row, timestep by timestep. */
export function requireTokens(
  input: GraphInput,
  tokens: ArrayLike<number>,
  count: number,
  rows: number,
): void {
  for (let i = 0; i < count; i++) requireToken(input, tokens[i], i, rows);
}

/** A token for each row of a timestep; the only row's may come as a number. */
export function requireTimestepOfTokens(
  input: GraphInput,
  value: unknown,
  rows: number,
): asserts value is ArrayLike<number> {
  if (!isList(value) || isFloats(value)) {
    throw new RivuletError(
      'invalid-argument',
      `input "${input.name}": expected a Uint32Array of ${rows} tokens, one per row, got ${show(value)}`,
    );
  }
  if (value.length !== rows) {
    throw new RivuletError(
      'wrong-length',
      `input "${input.name}": expected ${rows} tokens, one per row, got ${value.length}`,
    );
  }
  requireTokens(input, value, rows, rows);
}

/** All finite, or the error names the first that is not. */
export function requireFinite(input: GraphInput, values: Float32Array, length: number, rows = 1): void {
  for (let i = 0; i < length; i++) {
    const value = values[i]!;
    if (value - value !== 0) {
      throw nonFinite(input, value, i % input.size, placeOf(Math.floor(i / input.size), rows));
    }
  }
}

/** Everything that is given has a name that is known; with `all`, everything that is known is given. */
export function requireNames(
  kind: string,
  given: Readonly<Record<string, unknown>>,
  known: readonly { readonly name: string }[],
  all: boolean,
): void {
  if (typeof given !== 'object' || given === null) {
    throw new RivuletError('invalid-argument', `${kind}s must be an object by name, got ${show(given)}`);
  }
  const names = known.map(({ name }) => name);
  for (const name of Object.keys(given)) {
    if (!names.includes(name)) {
      throw new RivuletError(
        'invalid-argument',
        `no ${kind} is called ${show(name)}: the model has ${names.join(', ')}`,
      );
    }
  }
  for (const name of all ? names : []) {
    if (!Object.hasOwn(given, name))
      throw new RivuletError('invalid-argument', `${kind} ${show(name)} is missing`);
  }
}

/**
 * The refusal behind a status of `step`, of `encode`, or of `sequence` on a chunk that begins at timestep `from`, in a
 * session of so many rows.
 */
export function refusal(model: Model, rows: number, status: number, from = 0): RivuletError {
  const { refusedInput, refusedRow, refusedColumn } = model.runtime.exports;
  if (status === Status.NotStreamable) return notStreamable(model);
  if (status === Status.NotEncoded) {
    return new RivuletError(
      'not-encoded',
      `node ${show(model.encoderReader)} reads what the encoder leaves, and nothing is encoded: call encode first`,
    );
  }
  const input = [...model.inputs, ...model.encoderInputs][refusedInput.value as number]!;
  const place = placeOf(from * rows + (refusedRow.value as number), rows);
  if (status === Status.NonFiniteInput) {
    return nonFinite(input, undefined, refusedColumn.value as number, place);
  }
  if (status === Status.TokenOutOfRange) return tokenOutOfRange(input, 'one', place);
  return new RivuletError(
    'invalid-plan',
    `the module answered status ${status}, which no plan of this version gives`,
  );
}

export function notStreamable({ notStreamable: node }: Model): RivuletError {
  return new RivuletError(
    'not-streamable',
    `node ${show(node)} goes backward through time, and the model cannot go step by step: use run`,
  );
}

/** A typed array or a list of numbers. */
export function isList(value: unknown): value is ArrayLike<number> {
  return (ArrayBuffer.isView(value) && 'length' in value) || Array.isArray(value);
}

export function isFloats(value: unknown): value is Float32Array {
  // By tag as well, since a typed array of another realm (a frame, a test runner) is no instance of ours.
  return (
    value instanceof Float32Array ||
    (ArrayBuffer.isView(value) && (value as unknown as Float32Array)[Symbol.toStringTag] === 'Float32Array')
  );
}

/** Where a row of a sequence of many rows stands, as a message says it: nothing for the only one of the first timestep. */
function placeOf(index: number, rows: number): string {
  const timestep = Math.floor(index / rows);
  const row = rows > 1 ? [`row ${index % rows}`] : [];
  return [...row, ...(timestep > 0 ? [`timestep ${timestep}`] : [])].join(', ');
}

function nonFinite(input: GraphInput, value: number | undefined, index: number, place: string): RivuletError {
  return new RivuletError(
    'non-finite-input',
    `input "${input.name}": every value must be finite, got ${value ?? 'NaN or infinity'} at index ${index}${place && ` of ${place}`}; ` +
      'the state is as it was',
  );
}

function tokenOutOfRange(input: GraphInput, token: unknown, place: string): RivuletError {
  return new RivuletError(
    'token-out-of-range',
    `input "${input.name}": expected a token in 0 … ${input.size - 1}, got ${show(token)}${place && ` at ${place}`}; ` +
      'the state is as it was',
  );
}
