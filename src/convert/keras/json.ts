import { RivuletError } from '../../errors.ts';

/**
 * @param place what the text is, for the message
 * @throws RivuletError
 */
export function parseJson(
  text: string,
  place: string,
  code: 'invalid-file' | 'invalid-argument' = 'invalid-file',
): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RivuletError(code, `${place}: not JSON: ${reason}`, { cause });
  }
}

export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
