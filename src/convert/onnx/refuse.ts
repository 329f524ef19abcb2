import { RivuletError } from '../../errors.ts';
import type { NodeProto } from './proto.ts';

/** A name of the file: exporters make long ones, and the end tells them apart. */
export function quoted(name: string): string {
  return JSON.stringify(name.length > LONGEST ? `…${name.slice(-LONGEST)}` : name);
}

const LONGEST = 160;

/** A node of the file as messages name it: `node "lstm_4" (LSTM)`. */
export function placeOf({ name, operator, outputs }: NodeProto): string {
  return `onnx: node ${quoted(name === '' ? (outputs[0] ?? '') : name)} (${operator})`;
}

/**
 * @param what what is not supported and what is, in one sentence
 */
export function unsupported(place: string, what: string): RivuletError {
  return new RivuletError('unsupported-operator', `${place}: ${what}`);
}

export function invalid(place: string, what: string): RivuletError {
  return new RivuletError('invalid-file', `${place}: ${what}`);
}
