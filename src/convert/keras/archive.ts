/** Keras 3's .keras: a zip of config.json, metadata.json and model.weights.h5. */
import { RivuletError } from '../../errors.ts';
import type { Conversion, ConvertOptions, Importer, SourceFile } from '../conversion.ts';
import { unzip } from '../zip.ts';
import { parseKerasModel } from './config.ts';
import { openHdf5 } from './hdf5.ts';
import { decodeText, parseJson } from './json.ts';
import { convertKeras } from './model.ts';
import { readStore } from './weights.ts';

export const kerasArchive: Importer = { format: 'keras', recognizes, read };

const CONFIG = 'config.json';
const METADATA = 'metadata.json';
const WEIGHTS = 'model.weights.h5';
const ENTRIES = [CONFIG, METADATA, WEIGHTS];

/** Assets of layers that cannot be imported come with few files more. */
const MOST_ENTRIES = 1000;
/** What the entries may unpack to: JSON has much that repeats, weights have not. */
const LARGEST_RATIO = 32;
const ALWAYS_ALLOWED = 2 ** 20;

/** A zip whose central directory names the entries; it stands at the end. */
function recognizes([file, ...others]: readonly SourceFile[]): boolean {
  if (file === undefined || others.length > 0) return false;
  const { bytes } = file;
  if (bytes[0] !== 0x50 || bytes[1] !== 0x4b || bytes[2] !== 3 || bytes[3] !== 4) return false;
  return (
    decodeText(bytes.subarray(-4096)).includes(WEIGHTS) ||
    decodeText(bytes.subarray(0, 64)).includes(METADATA)
  );
}

function read(files: readonly SourceFile[], options: ConvertOptions): Conversion {
  const [file] = files;
  if (file === undefined || files.length > 1)
    throw new RivuletError('invalid-argument', `keras: expected one .keras file, got ${files.length}`);
  const entries = unzip(file.bytes, {
    place: 'the .keras file',
    entries: MOST_ENTRIES,
    bytes: Math.max(ALWAYS_ALLOWED, LARGEST_RATIO * file.bytes.length),
    wants: (name) => ENTRIES.includes(name),
  });
  const entry = (name: string): Uint8Array => {
    const bytes = entries.get(name);
    if (bytes) return bytes;
    throw new RivuletError('invalid-file', `the .keras file has no ${name}`);
  };
  const metadata = entries.has(METADATA) ? parseJson(decodeText(entry(METADATA)), METADATA) : undefined;
  const version = (metadata as { readonly keras_version?: unknown } | null | undefined)?.keras_version;
  const json = parseJson(decodeText(entry(CONFIG)), CONFIG);
  const model = parseKerasModel(json, typeof version === 'string' ? version : undefined);
  return convertKeras(model, readStore(openHdf5(entry(WEIGHTS)), model), 'keras', options);
}
