// A checkpoint is a safetensors file. Its tensors are the trainer's blocks; its metadata are
//
//   format     "rivulet-training/1"
//   record     JSON: fingerprints of model and data, options, how far the training is, the trainer's numbers
//   checksum   the fingerprint of the record and of every block with its name and kind
//
// Blocks of bytes stand in it as I8.

import { RivuletError, show } from '../errors.ts';
import { parseStrictJson } from '../formats/json.ts';
import { parseSafetensors, type SafetensorsFile, serializeSafetensors } from '../formats/safetensors.ts';
import type { Tensor } from '../graph/definition.ts';
import { type Fields, readFields } from '../graph/fields.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { fingerprint } from './fingerprint.ts';
import type { TrainerState } from './trainer.ts';

const FORMAT = 'rivulet-training/1';

/** What a training must share with one that goes on from its checkpoint. */
export interface TrainingIdentity {
  /** Fingerprints, 16 hexadecimal digits. */
  readonly model: string;
  readonly data: string;
  /** Plain JSON, but for bounds that may be infinite. */
  readonly options: object;
}

export interface Checkpoint {
  readonly identity: TrainingIdentity;
  /** How far the training is; finite numbers by name. */
  readonly progress: Readonly<Record<string, number>>;
  readonly trainer: TrainerState;
}

export function writeCheckpoint(runtime: Runtime, { identity, progress, trainer }: Checkpoint): Uint8Array {
  const tensors = new Map<string, Tensor>();
  for (const [name, block] of trainer.blocks) tensors.set(name, asTensor(block));
  const record = JSON.stringify({
    ...identity,
    options: comparable(identity.options),
    progress,
    trainer: trainer.numbers,
  });
  const checksum = checksumOf(runtime, record, tensors);
  return serializeSafetensors(tensors, { format: FORMAT, record, checksum });
}

/**
 * Reads a checkpoint of this training.
 *
 * @throws RivuletError `invalid-checkpoint` where the bytes are torn, edited or no checkpoint, `checkpoint-mismatch`
 * where they are another training's, `invalid-argument`
 */
export function readCheckpoint(
  runtime: Runtime,
  bytes: Uint8Array,
  identity: TrainingIdentity,
): Omit<Checkpoint, 'identity'> {
  const { tensors, metadata } = parseFile(bytes);
  const { format, record, checksum } = metadata;
  if (format === undefined || record === undefined || checksum === undefined) {
    throw invalid('it is a safetensors file, but not one that a training wrote');
  }
  if (format !== FORMAT) {
    throw invalid(`its format is ${show(format)}, and this version of Rivulet reads ${show(FORMAT)}`);
  }
  if (checksumOf(runtime, record, tensors) !== checksum) {
    throw invalid('its checksum does not match: it is damaged, or was edited');
  }
  const { model, data, options, progress, numbers } = parseRecord(record);
  compare({ model, data, options }, identity);
  const blocks = new Map([...tensors].map(([name, tensor]) => [name, asBlock(tensor)] as const));
  return { progress, trainer: { blocks, numbers } };
}

function parseFile(bytes: Uint8Array): SafetensorsFile {
  try {
    return parseSafetensors(bytes);
  } catch (cause) {
    if (!(cause instanceof RivuletError) || cause.code === 'invalid-argument') throw cause;
    throw invalid(cause.message, { cause });
  }
}

function asTensor(block: Float32Array | Uint8Array): Tensor {
  if (block instanceof Float32Array) return { dtype: 'F32', shape: [block.length], data: block };
  const data = new Int8Array(block.buffer, block.byteOffset, block.length);
  return { dtype: 'I8', shape: [block.length], data };
}

function asBlock({ dtype, data }: Tensor): Float32Array | Uint8Array {
  return dtype === 'F32' ? data : new Uint8Array(data.buffer, data.byteOffset, data.length);
}

/** By name, whatever the order in the file. */
function checksumOf(runtime: Runtime, record: string, tensors: ReadonlyMap<string, Tensor>): string {
  const parts: (string | Float32Array | Int8Array)[] = [record];
  for (const name of [...tensors.keys()].sort()) {
    const { dtype, shape, data } = tensors.get(name)!;
    parts.push(`${name} ${dtype} ${shape}`, data);
  }
  return fingerprint(runtime, parts);
}

interface Parsed {
  readonly model: string;
  readonly data: string;
  readonly options: unknown;
  readonly progress: Readonly<Record<string, number>>;
  readonly numbers: Readonly<Record<string, number>>;
}

function parseRecord(text: string): Parsed {
  let json: unknown;
  try {
    json = parseStrictJson(text);
  } catch (cause) {
    throw invalid('its record is not JSON', { cause });
  }
  return readFields(json, 'checkpoint', 'invalid-checkpoint', (fields) => ({
    model: fields.name('model'),
    data: fields.name('data'),
    options: fields.value('options'),
    progress: readNumbers(fields, 'progress'),
    numbers: readNumbers(fields, 'trainer'),
  }));
}

function readNumbers(fields: Fields, name: string): Readonly<Record<string, number>> {
  const value = fields.value(name);
  const isNumbers =
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((entry) => typeof entry === 'number');
  if (!isNumbers) throw invalid(`its ${name} must be numbers by name`);
  return value as Readonly<Record<string, number>>;
}

function compare(found: { model: string; data: string; options: unknown }, here: TrainingIdentity): void {
  if (found.model !== here.model) {
    throw mismatch(
      `it is of a model of shape ${found.model}, and this one has ${here.model}: resume with the model that the ` +
        'training began with',
    );
  }
  const [was, is] = [found.options as Record<string, unknown>, comparable(here.options)];
  for (const [name, value] of Object.entries(is)) {
    const [before, now] = [JSON.stringify(was?.[name]), JSON.stringify(value)];
    if (before === now) continue;
    throw mismatch(
      `it was made with ${name} ${before ?? 'not given'}, and now ${name} is ${now}: resume with the options that it ` +
        'was made with, or begin a new training with the model trained so far',
    );
  }
  if (found.data !== here.data) {
    throw mismatch(
      `it is of other data (fingerprint ${found.data}, these have ${here.data}): resume with the data that the ` +
        'training began with',
    );
  }
}

/** JSON has no infinity, and what bounds the gradients may be. */
function comparable(options: object): Record<string, unknown> {
  const entries = Object.entries(options);
  return Object.fromEntries(entries.map(([name, value]) => [name, value === Infinity ? 'Infinity' : value]));
}

function mismatch(reason: string): RivuletError {
  return new RivuletError(
    'checkpoint-mismatch',
    `the checkpoint does not belong to this training: ${reason}`,
  );
}

function invalid(reason: string, options?: ErrorOptions): RivuletError {
  return new RivuletError(
    'invalid-checkpoint',
    `the checkpoint cannot be resumed from: ${reason}. Use an earlier one, or begin anew`,
    options,
  );
}
