import { type ConvertOptions, convert } from '../../src/convert/index.ts';
import { RivuletError } from '../../src/errors.ts';

/** `code: message` of the refusal of a file. */
export async function refusedFile(bytes: Uint8Array, options: ConvertOptions = {}): Promise<string> {
  const error: unknown = await convert(bytes, options).then(
    () => new Error('nothing was thrown'),
    (cause: unknown) => cause,
  );
  if (error instanceof RivuletError) return `${error.code}: ${error.message}`;
  throw error;
}
