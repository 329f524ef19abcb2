/**
 * The bytes of an HDF5 file as jsfive gets them. jsfive follows addresses of the file without a limit of its own, so a
 * small file may hold loops, or trees whose branches meet again. It takes a slice of the file at every object, node and
 * heap that it visits; the guard charges for each, and for what jsfive will do there, and ends where no honest file does.
 */
import { RivuletError } from '../../errors.ts';

/** Bytes that cost what a slice or a message of a header costs. */
export const VISIT = 64;
/**
 * What is spent on a file: measured, 2^20 take a third of a second. Files of Keras take about 4,000 an array where all
 * of them is structure, and no more than a few times their size.
 */
const LEAST_BUDGET = 2 ** 20;
const LARGEST_BUDGET = 2 ** 22;
const READINGS = 4;

/** The entries of a block of a heap that `checkHeap` lets through, some 5,000. */
const INDIRECT_BLOCK = 2 ** 15;

/** What compressed weights may unpack to in all: they hardly repeat, but for biases of zeros. */
const ALWAYS_UNPACKED = 2 ** 20;
const LARGEST_RATIO = 32;

export class GuardedBuffer extends ArrayBuffer {
  #left: number;
  #room: number;

  /** Slices are plain: they are small, and what is read in them has been paid. */
  static override get [Symbol.species](): ArrayBufferConstructor {
    return ArrayBuffer;
  }

  constructor(bytes: Uint8Array) {
    super(bytes.length);
    new Uint8Array(this).set(bytes);
    this.#left = Math.min(LARGEST_BUDGET, LEAST_BUDGET + READINGS * bytes.length);
    this.#room = Math.max(ALWAYS_UNPACKED, LARGEST_RATIO * bytes.length);
  }

  override slice(start: number, end?: number): ArrayBuffer {
    const slice = super.slice(start, end);
    this.charge(VISIT + slice.byteLength);
    if (slice.byteLength === 4) this.#chargeStructure(start);
    return slice;
  }

  /** @throws RivuletError `invalid-file` when all is spent */
  charge(work: number): void {
    this.#left -= work;
    if (!(this.#left >= 0)) {
      throw new RivuletError(
        'invalid-file',
        `the HDF5 file of ${this.byteLength} bytes goes round in circles: reading it takes far more than its size`,
      );
    }
  }

  /** @throws RivuletError `invalid-file` when chunks are more than a file of this size holds */
  chargeUnpacked(bytes: number): void {
    this.#room -= bytes;
    if (!(this.#room >= 0)) {
      throw new RivuletError(
        'invalid-file',
        `the chunks of the HDF5 file of ${this.byteLength} bytes unpack to far more than its size`,
      );
    }
  }

  /** What jsfive does behind a signature without another slice. */
  #chargeStructure(at: number): void {
    const view = new DataView(this);
    const signature = String.fromCharCode(...new Uint8Array(this, at, 4));
    if (signature === 'TREE') this.charge(VISIT * view.getUint16(at + 6, true));
    if (signature === 'FHIB') this.charge(INDIRECT_BLOCK);
    if (signature === 'OHDR') this.#chargeHeader(at);
    if (signature === 'FRHP') checkHeap(view, at);
  }

  /**
   * The messages of a version 2 header, block by block. Blocks may overlap, so that their messages are far more than
   * the bytes.
   */
  #chargeHeader(at: number): void {
    const view = new DataView(this);
    const flags = view.getUint8(at + 5);
    const order = flags & 4 ? 2 : 0;
    const sizeAt = at + 6 + (flags & 0x20 ? 16 : 0);
    const sizeBytes = 2 ** (flags & 3);
    const blocks: [start: number, size: number][] = [
      [sizeAt + sizeBytes, readUnsigned(view, sizeAt, sizeBytes)],
    ];
    const seen = new Set([blocks[0]![0]]);
    for (const [start, size] of blocks) {
      let offset = 0;
      while (offset < size - 4) {
        this.charge(VISIT);
        const message = start + offset;
        const body = message + 4 + order;
        if (view.getUint8(message) === 0x10) {
          const next = readUnsigned(view, body, 8) + 4;
          if (!seen.has(next)) blocks.push([next, readUnsigned(view, body + 8, 8) - 4]);
          seen.add(next);
        }
        offset += 4 + order + view.getUint16(message + 1, true);
      }
    }
  }
}

/** A fractal heap of names: HDF5 makes four blocks a row of 512 bytes and more, and objects of at most 4 KB in them. */
function checkHeap(view: DataView, at: number): void {
  const objectSize = view.getUint32(at + 10, true);
  const width = view.getUint16(at + 110, true);
  const firstBlock = view.getBigUint64(at + 112, true);
  const rows = view.getUint16(at + 140, true);
  if (objectSize <= 0xffff && width <= 64 && firstBlock <= 2 ** 20 && rows <= 64) return;
  throw new RivuletError('invalid-file', 'the HDF5 file has a heap of names that HDF5 does not make');
}

/** Little-endian; exact as far as addresses of files go. */
export function readUnsigned(view: DataView, at: number, bytes: number): number {
  let value = 0;
  for (let i = bytes - 1; i >= 0; i--) value = value * 256 + view.getUint8(at + i);
  return value;
}
