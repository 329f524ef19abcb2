// A snapshot is the same on every host:
//
//   "RVSN" | version u32 | shape u64 | weights u64 | payload bytes u32 | FNV-1a of the payload u32 | payload
//
// little-endian; the payload holds the states in the model's order, float32, without padding.

import { RivuletError, show } from '../errors.ts';
import { fnv1a } from '../formats/fnv1a.ts';
import type { Fingerprint } from '../plan/place.ts';

const MAGIC = 0x4e535652; // "RVSN"
const VERSION = 1;
const HEADER_BYTES = 32;

export function writeSnapshot(fingerprint: Fingerprint, values: Float32Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + 4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    view.setFloat32(HEADER_BYTES + 4 * i, value, true);
  });
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setBigUint64(8, BigInt(`0x${fingerprint.shape}`), true);
  view.setBigUint64(16, BigInt(`0x${fingerprint.weights}`), true);
  view.setUint32(24, 4 * values.length, true);
  view.setUint32(28, fnv1a(bytes.subarray(HEADER_BYTES)), true);
  return bytes;
}

/**
 * The states of a snapshot of a model with this fingerprint.
 *
 * @throws RivuletError `invalid-snapshot` where it is torn or none, `snapshot-mismatch` where it is another model's
 */
export function readSnapshot(
  bytes: Uint8Array,
  fingerprint: Fingerprint,
  length: number,
  allowOtherWeights: boolean,
): Float32Array {
  if (!(bytes instanceof Uint8Array)) {
    throw new RivuletError('invalid-argument', `a snapshot must be a Uint8Array, got ${show(bytes)}`);
  }
  if (bytes.length < HEADER_BYTES) {
    throw invalid(`expected at least ${HEADER_BYTES} bytes, got ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw invalid('it does not begin with "RVSN"');
  if (view.getUint32(4, true) !== VERSION) {
    throw invalid(`expected version ${VERSION}, got ${view.getUint32(4, true)}`);
  }
  const payload = bytes.subarray(HEADER_BYTES);
  if (view.getUint32(24, true) !== payload.length) {
    throw invalid(`expected ${view.getUint32(24, true)} bytes of state, got ${payload.length}: it is torn`);
  }
  if (view.getUint32(28, true) !== fnv1a(payload))
    throw invalid('its checksum does not match: it is damaged');
  checkFingerprint(view, fingerprint, allowOtherWeights);
  if (payload.length !== 4 * length)
    throw invalid(`expected ${4 * length} bytes of state, got ${payload.length}`);
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    values[i] = view.getFloat32(HEADER_BYTES + 4 * i, true);
    if (!Number.isFinite(values[i])) throw invalid(`value ${i} of its state is ${values[i]}`);
  }
  return values;
}

function checkFingerprint(view: DataView, fingerprint: Fingerprint, allowOtherWeights: boolean): void {
  const shape = view.getBigUint64(8, true).toString(16).padStart(16, '0');
  const weights = view.getBigUint64(16, true).toString(16).padStart(16, '0');
  if (shape !== fingerprint.shape) {
    throw new RivuletError(
      'snapshot-mismatch',
      `the snapshot is of a model of shape ${shape}, this one has ${fingerprint.shape}: restore it into its own model`,
    );
  }
  if (weights !== fingerprint.weights && !allowOtherWeights) {
    throw new RivuletError(
      'snapshot-mismatch',
      `the snapshot is of a model with weights ${weights}, this one has ${fingerprint.weights}: ` +
        'pass { allowOtherWeights: true } if the stream shall go on with these',
    );
  }
}

function invalid(reason: string): RivuletError {
  return new RivuletError('invalid-snapshot', `the snapshot is not one that can be restored: ${reason}`);
}
