import { RivuletError, show } from '../errors.ts';
import type { GraphInput } from '../graph/definition.ts';
import { refusal, requireFinite, requireRoom, requireTimesteps, requireToken } from './arguments.ts';
import { copyRowIn, copyRowOut } from './copy.ts';
import type { RunOptions, Session } from './session.ts';

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
  const runner = model.runner;
  exports.copyState(address, runner.address);
  for (let from = 0; from < timesteps; from += runner.chunk) {
    const count = Math.min(runner.chunk, timesteps - from);
    writeChunk(session, sequence, from, count);
    const status = exports.sequence(runner.address, count);
    if (status !== 0) throw refusal(model.runtime, model.inputs, status);
    const buffer = exports.outputAddress(runner.address, 0) >> 2;
    for (let t = 0; t < count; t++) {
      if (all) copyRowOut(model.runtime.floats, buffer, runner.chunk, t, out, (from + t) * size, size);
      else if (from + t === timesteps - 1)
        copyRowOut(model.runtime.floats, buffer, runner.chunk, t, out, 0, size);
    }
  }
  exports.copyState(runner.address, address);
  return out;
}

function writeChunk(
  { model }: Session,
  sequence: Float32Array | Uint32Array | readonly number[],
  from: number,
  count: number,
): void {
  const { address, chunk } = model.runner;
  const { kind, size } = model.inputs[0]!;
  const buffer = model.runtime.exports.inputAddress(address, 0) >> 2;
  for (let t = 0; t < count; t++) {
    if (kind === 'tokens') model.runtime.words[buffer + t] = sequence[from + t]!;
    else copyRowIn(model.runtime.floats, buffer, chunk, t, sequence as Float32Array, (from + t) * size, size);
  }
}

/** Checks the whole sequence and answers how many timesteps of it are to run. */
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
  if (input.kind === 'features') requireFinite(input, list as Float32Array, timesteps * perTimestep);
  else for (let t = 0; t < timesteps; t++) requireToken(input, list[t], t);
  return timesteps;
}
