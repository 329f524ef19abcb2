import { RivuletError } from '../errors.ts';
import { refusal, requireRoom } from './arguments.ts';
import type { Block } from './block.ts';
import type { Model } from './model.ts';
import type { RunOptions, Sequence } from './options.ts';
import { countTimesteps, requireLengths } from './sequence.ts';

/** What is to run, checked. */
interface Run {
  readonly sequence: Sequence;
  readonly timesteps: number;
  readonly lengths: ArrayLike<number> | undefined;
  readonly out: Float32Array;
  /** Whether every timestep's outputs are wanted, or each row's last. */
  readonly all: boolean;
}

/**
 * Runs a sequence through the model's runner, a block of many timesteps that all sessions share: the state goes in, the
 * chunks follow, and only when all of them are done it comes back. So a refusal leaves the state alone.
 */
export function runSequence(
  model: Model,
  block: Block,
  sequence: Sequence,
  options: RunOptions,
): Float32Array {
  const run = check(model, block.rows, sequence, options);
  if (run.timesteps === 0) return run.out;
  const { exports } = model.runtime;
  const runner = model.runner(block.rows, run.timesteps, block.memory);
  takeOver(model, block, runner);
  const end = run.lengths === undefined ? run.timesteps : longest(run.lengths);
  if (run.lengths !== undefined) run.out.fill(0);
  for (let from = 0; from < end; from += runner.chunk) {
    const count = Math.min(runner.chunk, end - from);
    writeChunk(model, runner, sequence, from, count);
    if (run.lengths !== undefined) runner.writeLengths(run.lengths, from, count);
    const status = exports.sequence(runner.address, count, run.lengths === undefined ? 0 : 1);
    if (status !== 0) throw refusal(model, block.rows, status, from);
    if (run.all) readAll(model, runner, run, from, count);
    else readLast(model, runner, run, from, count);
  }
  exports.copyState(runner.address, block.address);
  return run.out;
}

/** The runner goes on where the session is, with what the encoder left, and with its adapter. */
function takeOver({ runtime: { exports }, encoderInputs }: Model, block: Block, runner: Block): void {
  runner.adapt(block.adapter);
  if (encoderInputs.length === 0) {
    exports.copyState(block.address, runner.address);
    return;
  }
  exports.sessionReset(runner.address);
  for (let row = 0; row < block.rows; row++) exports.copyRow(block.address, row, runner.address, row);
}

function check(model: Model, rows: number, sequence: Sequence, options: RunOptions): Run {
  const { lengths, out } = options;
  const timesteps = countTimesteps('run', model.inputs[0]!, rows, sequence, options.timesteps);
  if (lengths !== undefined) {
    requireLengths('run', lengths, rows, timesteps, (row) => {
      return new RivuletError(
        'invalid-argument',
        `run: the length of row ${row} is 0, and a sequence has at least one timestep: remove the row, or run without it`,
      );
    });
  }
  const all = options.returnSequences !== false;
  const length = (all ? timesteps : Math.min(timesteps, 1)) * rows * model.outputs[0]!.size;
  if (out !== undefined) requireRoom('out', out, length);
  return { sequence, timesteps, lengths, all, out: out?.subarray(0, length) ?? new Float32Array(length) };
}

function longest(lengths: ArrayLike<number>): number {
  let most = 0;
  for (let row = 0; row < lengths.length; row++) most = Math.max(most, lengths[row]!);
  return most;
}

/** Timesteps from … from + count - 1 of the sequence become the first rows of the runner's input. */
function writeChunk({ inputs }: Model, runner: Block, sequence: Sequence, from: number, count: number): void {
  const { kind, size } = inputs[0]!;
  const [first, rows] = [from * runner.rows, count * runner.rows];
  if (kind === 'tokens') runner.write(0, sequence, first, rows);
  else runner.write(0, (sequence as Float32Array).subarray(first * size, (first + rows) * size), 0, rows);
}

/** Outputs of timesteps from … from + count - 1; those behind a row's length are 0. */
function readAll(
  { outputs }: Model,
  runner: Block,
  { out, lengths }: Run,
  from: number,
  count: number,
): void {
  const { rows } = runner;
  const { size } = outputs[0]!;
  runner.read(0, 0, count * rows, out, from * rows * size);
  if (lengths === undefined) return;
  for (let row = 0; row < rows; row++) {
    for (let t = Math.max(from, lengths[row]!); t < from + count; t++) {
      out.fill(0, (t * rows + row) * size, (t * rows + row + 1) * size);
    }
  }
}

/** Outputs of the rows whose last timestep is among from … from + count - 1. */
function readLast({ outputs }: Model, runner: Block, run: Run, from: number, count: number): void {
  const { rows } = runner;
  const { size } = outputs[0]!;
  if (run.lengths === undefined) {
    if (from + count === run.timesteps) runner.read(0, (count - 1) * rows, rows, run.out, 0);
    return;
  }
  for (let row = 0; row < rows; row++) {
    const last = run.lengths[row]! - 1 - from;
    if (last >= 0 && last < count) runner.read(0, last * rows + row, 1, run.out, row * size);
  }
}
