/**
 * Tables of a flatbuffer, untrusted: every offset is checked against the file before anything is read through it, and
 * what is read in all is bounded by the file's size, so that no vector costs more by being referred to often.
 */
import { ByteBuffer } from 'flatbuffers';
import { RivuletError } from '../../errors.ts';
import { decodeUtf8 } from '../../formats/utf8.ts';

/** Far above what a file takes whose writer stores equal vectors once. */
const READS_PER_BYTE = 16;

/** A table with the fields of a schema, by their numbers there. What is absent has the schema's default, 0. */
export class Table {
  readonly #file: Flatbuffer;
  readonly #at: number;

  constructor(file: Flatbuffer, at: number) {
    this.#file = file;
    this.#at = file.check(at, 4, 'a table');
    file.spend(1);
  }

  has(field: number): boolean {
    return this.#find(field, 1) !== undefined;
  }

  int8(field: number): number {
    const at = this.#find(field, 1);
    return at === undefined ? 0 : this.#file.bytes.readInt8(at);
  }

  uint8(field: number): number {
    return this.int8(field) & 0xff;
  }

  boolean(field: number): boolean {
    return this.int8(field) !== 0;
  }

  int32(field: number): number {
    const at = this.#find(field, 4);
    return at === undefined ? 0 : this.#file.bytes.readInt32(at);
  }

  uint32(field: number): number {
    return this.int32(field) >>> 0;
  }

  float32(field: number): number {
    const at = this.#find(field, 4);
    return at === undefined ? 0 : this.#file.bytes.readFloat32(at);
  }

  string(field: number): string {
    const bytes = this.uint8s(field);
    this.#file.spend(bytes.length);
    try {
      return decodeUtf8(bytes);
    } catch (cause) {
      throw invalid('a string is not UTF-8', { cause });
    }
  }

  /** A view of the file. */
  uint8s(field: number): Uint8Array {
    const { start, length } = this.#vector(field, 1);
    return this.#file.bytes.bytes().subarray(start, start + length);
  }

  int32s(field: number): readonly number[] {
    return this.#elements(field, 4, (at) => this.#file.bytes.readInt32(at));
  }

  float32s(field: number): readonly number[] {
    return this.#elements(field, 4, (at) => this.#file.bytes.readFloat32(at));
  }

  int64s(field: number): readonly bigint[] {
    return this.#elements(field, 8, (at) => this.#file.bytes.readInt64(at));
  }

  table(field: number): Table | undefined {
    const at = this.#find(field, 4);
    return at === undefined ? undefined : new Table(this.#file, this.#file.follow(at));
  }

  tables(field: number): readonly Table[] {
    return this.#elements(field, 4, (at) => new Table(this.#file, this.#file.follow(at)));
  }

  #elements<T>(field: number, bytes: number, read: (at: number) => T): readonly T[] {
    const { start, length } = this.#vector(field, bytes);
    this.#file.spend(length);
    return Array.from({ length }, (_, index) => read(start + index * bytes));
  }

  #vector(field: number, bytes: number): { readonly start: number; readonly length: number } {
    const at = this.#find(field, 4);
    if (at === undefined) return { start: 0, length: 0 };
    const vector = this.#file.check(this.#file.follow(at), 4, 'a vector');
    const length = this.#file.bytes.readUint32(vector);
    this.#file.check(vector + 4, length * bytes, 'a vector');
    return { start: vector + 4, length };
  }

  /** Where a field of so many bytes stands, or undefined where the table does not have it. */
  #find(field: number, bytes: number): number | undefined {
    const file = this.#file;
    const vtable = file.check(this.#at - file.bytes.readInt32(this.#at), 4, 'a vtable');
    const length = file.bytes.readUint16(vtable);
    file.check(vtable, length, 'a vtable');
    const slot = 4 + 2 * field;
    const offset = slot + 2 <= length ? file.bytes.readUint16(vtable + slot) : 0;
    return offset === 0 ? undefined : file.check(this.#at + offset, bytes, `field ${field} of a table`);
  }
}

/** @throws RivuletError `invalid-file` for every offset that leaves the file */
export class Flatbuffer {
  readonly bytes: ByteBuffer;
  #budget: number;

  constructor(bytes: Uint8Array) {
    this.bytes = new ByteBuffer(bytes);
    this.#budget = READS_PER_BYTE * bytes.length;
  }

  root(): Table {
    this.check(0, 8, 'the root');
    return new Table(this, this.follow(0));
  }

  /** `at`, where `length` bytes from there on are in the file. */
  check(at: number, length: number, what: string): number {
    if (at >= 0 && at + length <= this.bytes.capacity()) return at;
    throw invalid(`${what} at ${at} takes ${length} bytes, but the file ends at ${this.bytes.capacity()}`);
  }

  /** Where the offset that stands at `at` leads. */
  follow(at: number): number {
    return at + this.bytes.readUint32(at);
  }

  /** Every table, and every element of a vector, is counted when it is read. */
  spend(count: number): void {
    this.#budget -= count;
    if (this.#budget < 0) throw invalid('tables or vectors of it overlap');
  }
}

export function invalid(message: string, options?: ErrorOptions): RivuletError {
  return new RivuletError('invalid-file', `tflite: ${message}`, options);
}
