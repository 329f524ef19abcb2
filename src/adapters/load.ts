import { Adapter } from './adapter.ts';
import { readAdapter } from './file.ts';

/**
 * Reads what `adapter.toBytes()` wrote. Which model it belongs to is checked where it is used.
 *
 * @throws RivuletError `invalid-adapter` where the bytes are torn, edited or no adapter, `invalid-argument`
 */
export function loadAdapter(bytes: Uint8Array): Adapter {
  return new Adapter(readAdapter(bytes));
}
