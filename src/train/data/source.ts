import { RivuletError, show } from '../../errors.ts';

/**
 * Where a text comes from: the text itself, its bytes in UTF-8, a file of a page (`File`), an answer of `fetch`, or
 * chunks of text or bytes as they arrive: a web stream, a Node stream, an async generator.
 */
export type TextSource =
  | string
  | Uint8Array
  | ArrayBuffer
  | Blob
  | Response
  | ReadableStream<string | Uint8Array>
  | AsyncIterable<string | Uint8Array>;

/**
 * The whole text of a source.
 *
 * @throws RivuletError `invalid-file` where the bytes are not UTF-8 or the source fails, `invalid-argument`
 */
export async function readText(source: TextSource): Promise<string> {
  const parts: string[] = [];
  for await (const part of textChunks(source)) parts.push(part);
  return parts.join('');
}

/**
 * The text of a source, chunk by chunk, without a byte order mark. The next chunk is asked for when this one is used.
 *
 * @throws RivuletError `invalid-file`, `invalid-argument`
 */
export async function* textChunks(source: TextSource): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let isFirst = true;
  for await (const chunk of chunksOf(source)) {
    const text = typeof chunk === 'string' ? chunk : decode(decoder, chunk);
    if (text === '') continue;
    yield isFirst && text.startsWith('\uFEFF') ? text.slice(1) : text;
    isFirst = false;
  }
  const rest = decode(decoder, undefined);
  if (rest !== '') yield rest;
}

/**
 * The lines of a source, without their ends (LF or CR LF), numbered from 1. What follows the last line end is a line
 * where it is not empty.
 */
export async function* linesOf(source: TextSource): AsyncGenerator<{ line: string; number: number }> {
  let rest = '';
  let number = 0;
  for await (const text of textChunks(source)) {
    const lines = (rest + text).split('\n');
    rest = lines.pop()!;
    for (const line of lines) yield { line: line.replace(/\r$/, ''), number: ++number };
  }
  if (rest !== '') yield { line: rest, number: ++number };
}

function decode(decoder: TextDecoder, bytes: Uint8Array | undefined): string {
  try {
    return bytes ? decoder.decode(bytes, { stream: true }) : decoder.decode();
  } catch (cause) {
    throw new RivuletError('invalid-file', 'the text is not UTF-8: save it as UTF-8', { cause });
  }
}

async function* chunksOf(source: TextSource): AsyncGenerator<string | Uint8Array> {
  if (typeof source === 'string') {
    yield source;
  } else if (source instanceof ArrayBuffer) {
    yield new Uint8Array(source);
  } else if (ArrayBuffer.isView(source)) {
    yield new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  } else {
    yield* arriving(streamOf(source));
  }
}

async function* arriving(stream: AsyncIterable<unknown>): AsyncGenerator<string | Uint8Array> {
  const iterator = stream[Symbol.asyncIterator]();
  try {
    for (;;) {
      const { done, value } = await nextOf(iterator);
      if (done) return;
      if (typeof value !== 'string' && !ArrayBuffer.isView(value)) {
        throw new RivuletError(
          'invalid-argument',
          `a source of text must give strings or Uint8Arrays, and it gave ${show(value)}`,
        );
      }
      yield value as string | Uint8Array;
    }
  } finally {
    // A reader that stops early, as after a mistake in the text, lets go of the stream.
    await iterator.return?.();
  }
}

async function nextOf(iterator: AsyncIterator<unknown>): Promise<IteratorResult<unknown>> {
  try {
    return await iterator.next();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RivuletError('invalid-file', `the source of the text failed: ${reason}`, { cause });
  }
}

function streamOf(source: Exclude<TextSource, string | Uint8Array | ArrayBuffer>): AsyncIterable<unknown> {
  const isBlob = typeof (source as Blob)?.stream === 'function';
  const stream = isBlob
    ? (source as Blob).stream()
    : 'body' in Object(source)
      ? (source as Response).body
      : source;
  if (typeof (stream as AsyncIterable<unknown>)?.[Symbol.asyncIterator] === 'function') {
    return stream as AsyncIterable<unknown>;
  }
  if (typeof (stream as ReadableStream)?.getReader === 'function') return readerOf(stream as ReadableStream);
  throw new RivuletError(
    'invalid-argument',
    `expected a text, bytes, a Blob, a Response, a ReadableStream or an async iterable of text, got ${show(source)}`,
  );
}

/** Safari's streams are not async iterable. */
async function* readerOf(stream: ReadableStream<unknown>): AsyncGenerator<unknown> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}
