import { RivuletError } from '../../src/errors.ts';

/** What `action` throws, which must be a RivuletError: any other exception fails the test that asked. */
export function refusal(action: () => unknown): RivuletError {
  try {
    action();
  } catch (error) {
    if (error instanceof RivuletError) return error;
    throw new Error(`expected a RivuletError, got ${error}`, { cause: error });
  }
  throw new Error('expected a RivuletError, nothing was thrown');
}

/** `code: message`, for one expectation about both. */
export function refusalText(action: () => unknown): string {
  const { code, message } = refusal(action);
  return `${code}: ${message}`;
}
