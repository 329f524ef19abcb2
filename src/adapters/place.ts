import { RivuletError, show } from '../errors.ts';
import type { ModelDefinition } from '../graph/definition.ts';
import { type Fingerprint, hex } from '../plan/place.ts';
import type { PrivateMatrix } from '../plan/writer.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type Adapter, requireAdapterOf } from './adapter.ts';
import { type Factors, scaleOf } from './low-rank.ts';
import { requireMatrix } from './merge.ts';

/** An adapter in linear memory, as the ops of a model's sessions read it. */
export interface PlacedAdapter {
  readonly adapter: Adapter;
  readonly address: number;
  /** Of model and adapter together: what a snapshot belongs to. */
  readonly fingerprint: Fingerprint;
}

/** The model as its adapters see it. */
interface Base {
  readonly runtime: Runtime;
  readonly definition: ModelDefinition;
  readonly fingerprint: Fingerprint;
  /** Of a model that has room for adapters. */
  readonly room: AdapterLayout | undefined;
}

/** The room that a plan has for adapters. */
export interface AdapterLayout {
  readonly rank: number;
  /** Names. */
  readonly matrices: readonly string[];
  readonly bytes: number;
  readonly parts: readonly PrivateMatrix[];
}

/** The adapters that sessions of a model have, each once in its memory however many sessions share it. */
export class PlacedAdapters {
  readonly #base: Base;
  readonly #users = new Map<PlacedAdapter, number>();

  constructor(base: Base) {
    this.#base = base;
  }

  /**
   * Places an adapter, or finds it in its place, until as many calls of `release`.
   *
   * @throws RivuletError `invalid-argument`, `adapter-mismatch`, `non-finite-weight`, `out-of-memory`
   */
  acquire(adapter: Adapter): PlacedAdapter {
    let placed = [...this.#users.keys()].find((each) => each.adapter === adapter);
    placed ??= place(this.#base, adapter);
    this.#users.set(placed, (this.#users.get(placed) ?? 0) + 1);
    return placed;
  }

  release(placed: PlacedAdapter): void {
    const users = this.#users.get(placed)! - 1;
    if (users > 0) {
      this.#users.set(placed, users);
      return;
    }
    this.#users.delete(placed);
    this.#base.runtime.free(placed.address);
  }
}

function place({ runtime, definition, fingerprint, room }: Base, adapter: Adapter): PlacedAdapter {
  requireAdapterOf(fingerprint, adapter);
  requireRoom(room, adapter);
  let scratchBytes = 8;
  for (const [name, factors] of adapter.factors) {
    const [rows, columns] = requireMatrix(name, definition.tensors.get(name), factors).shape as [
      number,
      number,
    ];
    scratchBytes = Math.max(scratchBytes, 4 * room.rank * Math.max(rows, columns));
  }
  const address = runtime.allocate(room.bytes, 'an adapter');
  let scratch = 0;
  try {
    scratch = runtime.allocate(scratchBytes, 'packing an adapter');
    runtime.bytes.fill(0, address, address + room.bytes);
    for (const part of room.parts) pack(runtime, part, adapter, address, scratch);
    const weights = fingerprintOf(runtime, fingerprint.weights, adapter, scratch);
    return { adapter, address, fingerprint: { shape: fingerprint.shape, weights } };
  } catch (error) {
    runtime.free(address);
    throw error;
  } finally {
    if (scratch) runtime.free(scratch);
  }
}

function requireRoom(room: AdapterLayout | undefined, { rank, factors }: Adapter): asserts room {
  const load = `load it with loadModel(source, { adapters: { rank: ${rank} } }), or use mergeAdapter`;
  const refuse = (reason: string) => new RivuletError('invalid-argument', `${reason}: ${load}`);
  if (!room) throw refuse('the model was loaded without room for adapters');
  if (rank > room.rank) {
    throw refuse(`the adapter has rank ${rank}, and the model was loaded with room for rank ${room.rank}`);
  }
  const other = [...factors.keys()].find((name) => !room.matrices.includes(name));
  if (other === undefined) return;
  throw refuse(`the adapter changes ${show(other)}, for which the model was loaded without room`);
}

/** One factor: rows and columns beyond the adapter's rank, and what it has no factors for, are zero. */
function pack(
  runtime: Runtime,
  { offset, matrix, factor, k, ranges }: PrivateMatrix,
  adapter: Adapter,
  address: number,
  scratch: number,
): void {
  const factors = adapter.factors.get(matrix);
  if (!factors) return;
  runtime.floats.set(factor === 'a' ? factors.a.data : expansion(factors, k, scaleOf(adapter)), scratch >> 2);
  for (const { from, rows, to } of ranges) {
    const count = factor === 'a' ? Math.min(rows, adapter.rank) : rows;
    const target = address + offset + 4 * to * k;
    if (runtime.exports.packF32(scratch + 4 * from * k, count, k, target)) continue;
    throw new RivuletError(
      'non-finite-weight',
      `the adapter of ${show(matrix)}: a weight of B times alpha / rank is no finite float32`,
    );
  }
}

/** B [rows, k] with the scale in it; k is at least its rank. */
function expansion({ b }: Factors, k: number, scale: number): Float32Array {
  const [rows, rank] = b.shape as [number, number];
  const result = new Float32Array(rows * k);
  for (let row = 0; row < rows; row++) {
    for (let r = 0; r < rank; r++) result[row * k + r] = scale * b.data[row * rank + r]!;
  }
  return result;
}

/** Follows from what the adapter is, not from the room that it lies in. */
function fingerprintOf(runtime: Runtime, base: string, adapter: Adapter, scratch: number): string {
  const { alpha, factors } = adapter;
  let hash = BigInt(`0x${base}`);
  for (const name of [...factors.keys()].sort()) {
    const { a, b } = factors.get(name)!;
    for (const { data } of [a, b]) {
      runtime.floats.set(data, scratch >> 2);
      hash = runtime.exports.xxh64(scratch, data.byteLength, hash);
    }
  }
  new DataView(runtime.bytes.buffer).setFloat64(scratch, alpha, true);
  return hex(runtime.exports.xxh64(scratch, 8, hash));
}
