/**
 * `rivulet/convert`: models of other frameworks, to definitions that `loadModel` takes. The libraries that read their
 * containers are bundled here; the core has none of them.
 */
import { RivuletError, show } from '../errors.ts';
import { refuseForeign } from '../formats/detect.ts';
import { inferShapes } from '../graph/validate.ts';
import type { Conversion, ConvertOptions, Importer, SourceFile } from './conversion.ts';
import { IMPORTERS } from './importers.ts';

export type { Conversion, ConversionReport, ConvertOptions, Format, SourceFile } from './conversion.ts';
export { type OnnxOptions, toOnnx } from './onnx/write.ts';

/** Bytes, a file with its name, or a Blob; a File of a browser has a name too. */
export type ConvertSource = Uint8Array | ArrayBuffer | Blob | SourceFile;

/**
 * Reads a model of another framework. What has no exact counterpart is refused by its name, never approximated or left
 * out; no path is followed, no code of the file runs. Weights are views of the source where alignment allows.
 *
 * @param source one file, or all files of a format that has several, such as TF.js
 * @throws RivuletError `unsupported-format` (no importer knows the content), `unsupported-operator` (names node, operator
 * and attribute, and what is supported), `invalid-file` (damaged, or with a weight that nothing uses, unless
 * `allowUnused`), `missing-tensor`, `wrong-shape`, `invalid-argument` (the options), and what `inferShapes` refuses
 */
export async function convert(
  source: ConvertSource | readonly ConvertSource[],
  options: ConvertOptions = {},
): Promise<Conversion> {
  const sources: readonly ConvertSource[] = isList(source) ? source : [source];
  const files = await Promise.all(sources.map(readSource));
  const conversion = importerOf(files, options).read(files, options);
  refuseUnused(conversion, options);
  inferShapes(conversion.definition);
  return conversion;
}

/** Array.isArray alone does not narrow a readonly array out of a union. */
function isList(source: ConvertSource | readonly ConvertSource[]): source is readonly ConvertSource[] {
  return Array.isArray(source);
}

async function readSource(source: ConvertSource): Promise<SourceFile> {
  const value: unknown = source;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (tag === 'Uint8Array') return { name: '', bytes: plain(value as Uint8Array) };
  if (tag === 'ArrayBuffer') return { name: '', bytes: new Uint8Array(value as ArrayBuffer) };
  if (tag === 'Blob' || tag === 'File') {
    const blob = value as Blob & { readonly name?: string };
    return { name: blob.name ?? '', bytes: new Uint8Array(await blob.arrayBuffer()) };
  }
  const { name, bytes } = (value ?? {}) as Partial<SourceFile>;
  if (typeof name !== 'string' || Object.prototype.toString.call(bytes) !== '[object Uint8Array]') {
    throw new RivuletError(
      'invalid-argument',
      `source must be a Uint8Array, an ArrayBuffer, a Blob or { name, bytes }, or an array of them, got ${show(value)}`,
    );
  }
  return { name, bytes: plain(bytes as Uint8Array) };
}

/** A view that is no Buffer of Node, whose slice does not copy. */
function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function importerOf(files: readonly SourceFile[], { from }: ConvertOptions): Importer {
  const known = IMPORTERS.map(({ format }) => format).join(', ');
  if (files.length === 0) throw new RivuletError('invalid-argument', 'source: there is no file in it');
  if (from !== undefined) {
    const importer = IMPORTERS.find(({ format }) => format === from);
    if (importer) return importer;
    throw new RivuletError('invalid-argument', `from: expected one of ${known}, got ${show(from)}`);
  }
  const importer = IMPORTERS.find((candidate) => candidate.recognizes(files));
  if (importer) return importer;
  refuseForeign(files[0]!.bytes);
  const names = files.map(({ name }) => (name === '' ? 'the source' : show(name))).join(', ');
  throw new RivuletError(
    'unsupported-format',
    `${names}: the content is of no format that is known: ${known}; where it is one, name it by \`from\``,
  );
}

function refuseUnused({ report: { unused } }: Conversion, { allowUnused }: ConvertOptions): void {
  if (unused.length === 0 || allowUnused === true) return;
  const shown = unused.slice(0, 8).map(show).join(', ');
  throw new RivuletError(
    'invalid-file',
    `nothing uses the weight${unused.length > 1 ? 's' : ''} ${shown}${unused.length > 8 ? ', …' : ''}; ` +
      'allowUnused (--allow-unused on the command line) leaves them out',
  );
}
