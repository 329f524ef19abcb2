import { RivuletError, show } from '../errors.ts';
import { isFloats, refusal, requireFinite } from './arguments.ts';
import type { Block } from './block.ts';
import type { Model } from './model.ts';
import type { Sequence, SequenceOptions } from './options.ts';
import { countTimesteps, requireLengths } from './sequence.ts';

/** Checks a sequence for the encoder of a model, and answers its timesteps. Nothing is refused behind this. */
export function requireEncodable(
  model: Model,
  rows: number,
  sequence: Sequence,
  { timesteps: wanted, lengths }: SequenceOptions,
): number {
  const { encoderInputs, encoderReader } = model;
  const [input] = encoderInputs;
  if (input === undefined || encoderInputs.length > 1) {
    throw new RivuletError(
      'invalid-argument',
      `encode is for an encoder with one input, and this model ${input ? `has ${encoderInputs.length}` : 'has none: use run'}`,
    );
  }
  const timesteps = countTimesteps('encode', input, rows, sequence, wanted);
  const empty = (what: string) =>
    new RivuletError(
      'empty-data',
      `encode: ${what}, and node ${show(encoderReader)} needs at least one timestep of the encoder to read`,
    );
  if (timesteps === 0) throw empty('the sequence is empty');
  if (lengths !== undefined) {
    requireLengths('encode', lengths, rows, timesteps, (row) => empty(`the length of row ${row} is 0`));
  }
  if (isFloats(sequence)) requireFinite(input, sequence, timesteps * rows * input.size, rows);
  return timesteps;
}

/** Runs the encoder over a checked sequence; the block has room for it. */
export function encodeSequence(
  model: Model,
  block: Block,
  sequence: Sequence,
  timesteps: number,
  lengths: SequenceOptions['lengths'],
): void {
  block.write(model.inputs.length, sequence, 0, timesteps * block.rows);
  if (lengths !== undefined) block.writeLengths(lengths, 0, timesteps);
  const status = model.runtime.exports.encode(block.address, timesteps, lengths === undefined ? 0 : 1);
  if (status !== 0) throw refusal(model, block.rows, status);
}
