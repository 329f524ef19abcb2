import { createReadStream } from 'node:fs';
import { extname } from 'node:path';
import { type Model, RivuletError } from '../../../src/index.ts';
import { csvReader } from './csv.ts';
import { f32Reader } from './f32.ts';
import { jsonlReader } from './jsonl.ts';
import type { InputFormat, Timestep, TimestepReader } from './reader.ts';
import { textReader } from './text.ts';

const READERS: Readonly<Record<InputFormat, (model: Model) => TimestepReader>> = {
  csv: csvReader,
  jsonl: jsonlReader,
  f32: f32Reader,
  text: textReader,
};

const FORMAT_OF_EXTENSION: Readonly<Record<string, InputFormat>> = {
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
  '.f32': 'f32',
  '.txt': 'text',
};

/** By the name of the file; csv for standard input and names that say nothing. */
export function formatOf(input: string): InputFormat {
  return FORMAT_OF_EXTENSION[extname(input).toLowerCase()] ?? 'csv';
}

/**
 * The timesteps of a file, or of standard input (`-`), as they arrive: one list for what a chunk of bytes completes.
 * The next chunk is read when the caller asks for it. A timestep's values are good until the next one is taken.
 */
export async function* openTimesteps(
  input: string,
  format: InputFormat,
  model: Model,
): AsyncGenerator<Iterable<Timestep>> {
  const reader = READERS[format](model);
  const source = input === '-' ? process.stdin : createReadStream(input);
  try {
    for await (const chunk of source) yield reader.push(chunk as Uint8Array);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RivuletError('invalid-file', `${input} cannot be read: ${reason}`, { cause });
  }
  yield reader.end();
}
