/** The reasons for which Rivulet refuses. A code never changes its meaning between versions. */
export type RivuletErrorCode =
  | 'invalid-argument'
  | 'wrong-length'
  | 'token-out-of-range'
  | 'non-finite-input'
  | 'non-finite-state'
  | 'disposed'
  | 'invalid-file'
  | 'missing-graph'
  | 'missing-tensor'
  | 'wrong-shape'
  | 'non-finite-weight'
  | 'invalid-graph'
  | 'invalid-plan'
  | 'invalid-snapshot'
  | 'snapshot-mismatch'
  | 'invalid-tokenizer'
  | 'unknown-character'
  | 'unsupported-format'
  | 'unsupported-operator'
  | 'not-supported'
  | 'not-streamable'
  | 'not-encoded'
  | 'empty-data'
  | 'invalid-target'
  | 'diverged'
  | 'invalid-checkpoint'
  | 'checkpoint-mismatch'
  | 'invalid-adapter'
  | 'adapter-mismatch'
  | 'out-of-memory'
  | 'wasm-unavailable'
  | 'aborted';

/**
 * Every refusal of Rivulet. The message names the thing, what was expected, what came and what to do;
 * `code` is for programs.
 */
export class RivuletError extends Error {
  override readonly name = 'RivuletError';
  readonly code: RivuletErrorCode;

  constructor(code: RivuletErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A value as an error message shows it: short, and telling kinds apart that print alike. */
export function show(value: unknown): string {
  if (typeof value === 'string')
    return value.length > 40 ? `${JSON.stringify(value.slice(0, 40))}…` : JSON.stringify(value);
  if (ArrayBuffer.isView(value) && 'length' in value)
    return `${value.constructor.name} of length ${value.length}`;
  if (Array.isArray(value)) return `array of length ${value.length}`;
  if (typeof value === 'object' && value !== null) {
    const name: unknown = value.constructor?.name;
    return typeof name === 'string' && name !== '' ? name : 'object';
  }
  return String(value);
}
