import { Random } from '../reference/random.ts';

const HEADER_BYTES = 32;
const [VERSION, SHAPE, WEIGHTS, LENGTH, CHECKSUM] = [4, 8, 16, 24, 28];

/**
 * Mutant number `index` of a seed of a snapshot: every second one has its length and checksum right again after a
 * change, so that the checks behind them are reached; the others have flipped or cut bytes.
 */
export function mutateSnapshot(snapshot: Uint8Array, seed: number, index: number): Uint8Array {
  const random = new Random(Math.imul(seed, 0xc2b2ae35) + index);
  return index % 2 === 0 ? mutateStructure(snapshot, random) : mutateBytes(snapshot, random);
}

function mutateStructure(snapshot: Uint8Array, random: Random): Uint8Array {
  const length = Math.max(
    HEADER_BYTES,
    snapshot.length + (random.uniform() < 0.3 ? random.pick([-4, 4, -1, 64]) : 0),
  );
  const mutant = new Uint8Array(length);
  mutant.set(snapshot.subarray(0, length));
  const view = new DataView(mutant.buffer);
  const values = (length - HEADER_BYTES) >> 2;
  const way = random.uniform();
  if (way < 0.4 && values > 0) {
    const value = random.pick([0x7fc00000, 0x7f800000, 0xff800000, 0x7f7fffff, 0, random.bits()]);
    view.setUint32(HEADER_BYTES + 4 * random.integer(0, values), value, true);
  } else if (way < 0.8) {
    const at = random.pick([VERSION, SHAPE, SHAPE + 4, WEIGHTS, WEIGHTS + 4]);
    view.setUint32(at, view.getUint32(at, true) ^ (1 << random.integer(0, 32)), true);
  }
  view.setUint32(LENGTH, length - HEADER_BYTES, true);
  view.setUint32(CHECKSUM, fnv1a(mutant.subarray(HEADER_BYTES)), true);
  return mutant;
}

function mutateBytes(snapshot: Uint8Array, random: Random): Uint8Array {
  if (random.uniform() < 0.2) return snapshot.slice(0, random.integer(0, snapshot.length));
  const mutant = snapshot.slice();
  const end = random.uniform() < 0.4 ? HEADER_BYTES : mutant.length;
  do {
    const at = random.integer(0, end);
    mutant[at] = mutant[at]! ^ (1 << random.integer(0, 8));
  } while (random.uniform() < 0.3);
  return mutant;
}

/** The checksum that src/session/snapshot.ts documents. */
function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
