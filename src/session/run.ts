import { RivuletError, show } from '../errors.ts';
import type { GraphInput } from '../graph/definition.ts';
import { refusal, requireRoom, requireTimesteps, requireToken } from './arguments.ts';
import type { Model } from './model.ts';
import type { RunOptions, Session } from './session.ts';

/** Of a row in a panel of 16 columns. */
const ROW_BYTES = 64;

/**
 * Runs a sequence through the model's runner, a session of many timesteps that all sessions share: the state goes in,
 * the chunks follow, and only when all of them are done it comes back. So a refusal leaves the state alone.
 */
export function runSequence(
  session: Session,
  sequence: Float32Array | Uint32Array | readonly number[],
  options: RunOptions,
): Float32Array {
  const { model, address } = session;
  const { exports } = model.runtime;
  const input = model.inputs[0]!;
  const size = model.outputs[0]!.size;
  const timesteps = countTimesteps(input, sequence, options.timesteps);
  const all = options.returnSequences !== false;
  const length = all ? timesteps * size : Math.min(timesteps, 1) * size;
  if (options.out !== undefined) requireRoom('out', options.out, length);
  const out = options.out?.subarray(0, length) ?? new Float32Array(length);
  if (timesteps === 0) return out;
  const { session: runner, chunk } = model.runner;
  exports.copyState(address, runner);
  for (let from = 0; from < timesteps; from += chunk) {
    const count = Math.min(chunk, timesteps - from);
    writeChunk(model, sequence, from, count);
    const status = exports.sequence(runner, count);
    if (status !== 0) throw refusal(model.runtime, model.inputs, status, from);
    if (all) readRows(model, 0, count, out, from * size);
    else if (from + count === timesteps) readRows(model, count - 1, 1, out, 0);
  }
  exports.copyState(runner, address);
  return out;
}

/** Timesteps from … from + count of the sequence become the first rows of the runner's input. */
function writeChunk(
  { runtime, runner, inputs }: Model,
  sequence: Float32Array | Uint32Array | readonly number[],
  from: number,
  count: number,
): void {
  const { kind, size } = inputs[0]!;
  const buffer = runtime.exports.inputAddress(runner.session, 0);
  if (kind === 'tokens') {
    for (let t = 0; t < count; t++) runtime.words[(buffer >> 2) + t] = sequence[from + t]!;
    return;
  }
  runtime.floats.set(
    (sequence as Float32Array).subarray(from * size, (from + count) * size),
    runner.staging >> 2,
  );
  runtime.exports.panelsFromRows(
    runner.staging,
    count,
    size,
    buffer,
    runtime.exports.panelStride(runner.session),
  );
}

/** Rows first … first + count of the runner's output go to out[at …]. */
function readRows(
  { runtime, runner, outputs }: Model,
  first: number,
  count: number,
  out: Float32Array,
  at: number,
): void {
  const { size } = outputs[0]!;
  const buffer = runtime.exports.outputAddress(runner.session, 0) + ROW_BYTES * first;
  runtime.exports.rowsFromPanels(
    buffer,
    runtime.exports.panelStride(runner.session),
    count,
    size,
    runner.staging,
  );
  const staging = runner.staging >> 2;
  out.set(runtime.floats.subarray(staging, staging + count * size), at);
}

/** Checks the sequence, but for NaN and infinity, which the module refuses, and answers how many timesteps are to run. */
function countTimesteps(input: GraphInput, sequence: unknown, wanted: number | undefined): number {
  const perTimestep = input.kind === 'tokens' ? 1 : input.size;
  const list = sequence as ArrayLike<number>;
  const isList = ArrayBuffer.isView(sequence) || Array.isArray(sequence);
  const isFloats =
    isList && (sequence as { [Symbol.toStringTag]?: string })[Symbol.toStringTag] === 'Float32Array';
  if (input.kind === 'features' ? !isFloats : !isList || isFloats || typeof list.length !== 'number') {
    const expected =
      input.kind === 'features'
        ? 'a Float32Array [timesteps, features]'
        : 'a Uint32Array or a list of tokens';
    throw new RivuletError('invalid-argument', `run: expected ${expected}, got ${show(sequence)}`);
  }
  if (wanted === undefined && list.length % perTimestep !== 0) {
    throw new RivuletError(
      'wrong-length',
      `run: expected a multiple of ${perTimestep} values (input "${input.name}"), got length ${list.length}`,
    );
  }
  const timesteps = wanted ?? list.length / perTimestep;
  requireTimesteps(timesteps);
  if (list.length < timesteps * perTimestep) {
    throw new RivuletError(
      'wrong-length',
      `run: ${timesteps} timesteps need ${timesteps * perTimestep} values, got length ${list.length}`,
    );
  }
  if (input.kind === 'tokens') for (let t = 0; t < timesteps; t++) requireToken(input, list[t], t);
  return timesteps;
}
