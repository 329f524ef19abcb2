import { Status } from '../../assembly/shared/codes.ts';
import { RivuletError, show } from '../errors.ts';
import type { GraphInput } from '../graph/definition.ts';
import type { Runtime } from '../runtime/runtime.ts';

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
export function requireToken(input: GraphInput, token: unknown, timestep: number): asserts token is number {
  if (!Number.isInteger(token) || (token as number) < 0 || (token as number) >= input.size) {
    throw tokenOutOfRange(input, token, timestep);
  }
}

/** All finite, or the error names the first that is not. */
export function requireFinite(input: GraphInput, values: Float32Array, length: number): void {
  for (let i = 0; i < length; i++) {
    const value = values[i]!;
    if (value - value !== 0) throw nonFinite(input, value, Math.floor(i / input.size), i % input.size);
  }
}

/** The refusal behind a status of `step`, or of `sequence` on a chunk that begins at timestep `from`. */
export function refusal(
  runtime: Runtime,
  inputs: readonly GraphInput[],
  status: number,
  from = 0,
): RivuletError {
  const { refusedInput, refusedRow, refusedColumn } = runtime.exports;
  const input = inputs[refusedInput.value as number]!;
  const row = from + (refusedRow.value as number);
  if (status === Status.NonFiniteInput)
    return nonFinite(input, undefined, row, refusedColumn.value as number);
  if (status === Status.NotStreamable) {
    return new RivuletError(
      'not-streamable',
      'the model runs backward in time and cannot go step by step: use run',
    );
  }
  if (status === Status.TokenOutOfRange) return tokenOutOfRange(input, 'one', row);
  return new RivuletError(
    'invalid-plan',
    `the module answered status ${status}, which no plan of this version gives`,
  );
}

function isFloats(value: unknown): value is Float32Array {
  // By tag as well, since a typed array of another realm (a frame, a test runner) is no instance of ours.
  return (
    value instanceof Float32Array ||
    (ArrayBuffer.isView(value) && (value as unknown as Float32Array)[Symbol.toStringTag] === 'Float32Array')
  );
}

function nonFinite(
  input: GraphInput,
  value: number | undefined,
  timestep: number,
  index: number,
): RivuletError {
  return new RivuletError(
    'non-finite-input',
    `input "${input.name}": every value must be finite, got ${value ?? 'NaN or infinity'} at index ${index}` +
      `${timestep > 0 ? ` of timestep ${timestep}` : ''}; the state is as it was`,
  );
}

function tokenOutOfRange(input: GraphInput, token: unknown, timestep: number): RivuletError {
  return new RivuletError(
    'token-out-of-range',
    `input "${input.name}": expected a token in 0 … ${input.size - 1}, got ${show(token)}` +
      `${timestep > 0 ? ` at timestep ${timestep}` : ''}; the state is as it was`,
  );
}
