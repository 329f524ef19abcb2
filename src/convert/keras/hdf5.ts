/** HDF5 as Keras writes it: groups, strings in attributes, and dense arrays of floats. Read by jsfive, under a guard. */
import { type DataObjects, Dataset, File, type Group } from 'jsfive';
import { RivuletError, show } from '../../errors.ts';
import { expandFloat16 } from '../../formats/safetensors.ts';
import { elementCount, formatShape } from '../../graph/tensor.ts';
import { readChunks } from './chunks.ts';
import { GuardedBuffer, readUnsigned, VISIT } from './guard.ts';

/** Types of header messages. */
const EXTERNAL_FILES = 0x07;
const LAYOUT = 0x08;
const FILTERS = 0x0b;
const ATTRIBUTE = 0x0c;
const ATTRIBUTE_INFO = 0x15;

const COMPACT = 0;
const CONTIGUOUS = 1;
const CHUNKED = 2;

/** Below one layer, where Keras has some ten; it bounds the recursion too. */
const MOST_OBJECTS = 1000;

/**
 * @throws RivuletError `invalid-file` where the file is damaged, `unsupported-format` where it has what is not read
 */
export function openHdf5(bytes: Uint8Array): Hdf5Group {
  const buffer = new GuardedBuffer(bytes);
  return guard('the HDF5 file', () => {
    checkEnd(buffer);
    return new Hdf5Group('', new File(buffer), buffer);
  });
}

/** The superblock says where the file ends, behind the address of its base and another. */
function checkEnd(buffer: ArrayBuffer): void {
  const view = new DataView(buffer);
  const end = readUnsigned(view, view.getUint8(8) < 2 ? 40 : 28, 8);
  if (end <= buffer.byteLength) return;
  throw new RivuletError(
    'invalid-file',
    `the HDF5 file has ${end} bytes by its own account, but is ${buffer.byteLength} long; ` +
      'was it written or downloaded completely?',
  );
}

/** jsfive throws strings, and whatever comes of reading beyond the end. */
function guard<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof RivuletError) throw cause;
    const reason =
      typeof cause === 'string' ? cause : 'it is damaged, or of a kind that Keras does not write';
    throw new RivuletError('invalid-file', `${place} cannot be read: ${reason}`, { cause });
  }
}

export class Hdf5Group {
  /** From the root, without a slash in front; the root's is empty. */
  readonly path: string;
  readonly #group: Group;
  readonly #buffer: GuardedBuffer;
  readonly #children = new Map<string, Hdf5Group | Hdf5Array>();

  constructor(path: string, group: Group, buffer: GuardedBuffer) {
    this.path = path;
    this.#group = group;
    this.#buffer = buffer;
    chargeMessages(group._dataobjects, buffer);
  }

  get #place(): string {
    return `the HDF5 group ${show(`/${this.path}`)}`;
  }

  /** The names of what is in it, in the order of the file. */
  names(): readonly string[] {
    return Object.keys(this.#group._links);
  }

  /** What stands at a path below this group; undefined where nothing does. */
  find(path: string): Hdf5Group | Hdf5Array | undefined {
    let at: Hdf5Group | Hdf5Array | undefined = this;
    for (const name of path.split('/')) {
      if (!(at instanceof Hdf5Group)) return undefined;
      at = at.#child(name);
    }
    return at;
  }

  findGroup(path: string): Hdf5Group | undefined {
    const found = this.find(path);
    return found instanceof Hdf5Group ? found : undefined;
  }

  /** All arrays below this group, by their paths from it. */
  arrays(seen = new Set<number | string>()): readonly (readonly [path: string, array: Hdf5Array])[] {
    return this.names().flatMap((name): readonly (readonly [string, Hdf5Array])[] => {
      const address = this.#group._links[name]!;
      if (seen.has(address) || seen.size > MOST_OBJECTS) {
        const why = seen.has(address)
          ? 'is met a second time'
          : `is one of more than ${MOST_OBJECTS} objects`;
        throw new RivuletError('invalid-file', `${this.#place}: ${show(name)} ${why}`);
      }
      seen.add(address);
      const child = this.#child(name)!;
      if (child instanceof Hdf5Array) return [[name, child]];
      return child.arrays(seen).map(([path, array]) => [`${name}/${path}`, array]);
    });
  }

  #child(name: string): Hdf5Group | Hdf5Array | undefined {
    const known = this.#children.get(name);
    if (known || !Object.hasOwn(this.#group._links, name)) return known;
    const place = `${this.#place}: ${show(name)}`;
    if (typeof this.#group._links[name] !== 'number' || name === '.' || name.includes('/'))
      throw new RivuletError('unsupported-format', `${place} is a link by name, which is not followed`);
    const path = this.path === '' ? name : `${this.path}/${name}`;
    const child = guard(place, () => this.#group.get(name));
    const opened =
      child instanceof Dataset
        ? new Hdf5Array(path, child._dataobjects, this.#buffer)
        : new Hdf5Group(path, child, this.#buffer);
    this.#children.set(name, opened);
    return opened;
  }

  /** The strings of an attribute; undefined where there is no such attribute, or none of strings. */
  strings(name: string): readonly string[] | undefined {
    const { _dataobjects: header } = this.#group;
    return guard(`${this.#place}: attribute ${show(name)}`, () => {
      for (const message of header.find_msg_type(ATTRIBUTE)) {
        const attribute = readAttribute(this.#buffer, message.get('offset_to_message')!);
        if (attribute?.name === name) return readStrings(attribute, header, this.#buffer);
      }
      if (header.find_msg_type(ATTRIBUTE_INFO).length > 0 && hasDenseAttributes(header, this.#buffer)) {
        throw new RivuletError(
          'unsupported-format',
          `${this.#place} keeps its attributes in a heap, as libver "latest" of h5py does; write it without`,
        );
      }
      return undefined;
    });
  }
}

export class Hdf5Array {
  readonly path: string;
  readonly shape: readonly number[];
  readonly #header: DataObjects;
  readonly #buffer: GuardedBuffer;

  constructor(path: string, header: DataObjects, buffer: GuardedBuffer) {
    this.path = path;
    this.#header = header;
    this.#buffer = buffer;
    chargeMessages(header, buffer);
    this.shape = guard(this.#place, () => header.shape);
  }

  get #place(): string {
    return `the HDF5 dataset ${show(`/${this.path}`)}`;
  }

  /** As jsfive names it, `<f4`; `other` for what is neither number nor string of one length. */
  get dtype(): string {
    const dtype = guard(this.#place, () => this.#header.dtype);
    return typeof dtype === 'string' ? dtype : 'other';
  }

  get size(): number | undefined {
    return elementCount(this.shape);
  }

  /** Dense and row-major: a view of the file where it holds aligned float32, else a copy rounded to it. */
  read(): Float32Array {
    const { dtype, size } = this;
    const float = /^([<>])f([248])$/.exec(dtype);
    if (float === null) {
      throw new RivuletError(
        'unsupported-format',
        `${this.#place} has the type ${dtype}; weights are read where they are floats of 2, 4 or 8 bytes`,
      );
    }
    const width = Number(float[2]);
    const { kind, offset, layoutAt } = guard(this.#place, () => this.#layout());
    const isChunked = kind === CHUNKED;
    const buffer = isChunked ? guard(this.#place, () => this.#unpacked(layoutAt, width)) : this.#buffer;
    const at = isChunked ? 0 : this.#address(kind, offset);
    if (size === undefined || !(at + size * width <= buffer.byteLength)) {
      throw new RivuletError(
        'invalid-file',
        `${this.#place}: its shape ${formatShape(this.shape)} reaches beyond the end of the file`,
      );
    }
    return readFloats(buffer, at, size, width, float[1] === '<');
  }

  #unpacked(layoutAt: number, width: number): ArrayBuffer {
    const filtersAt = this.#header.find_msg_type(FILTERS)[0]?.get('offset_to_message');
    const { shape } = this;
    return readChunks({ place: this.#place, buffer: this.#buffer, layoutAt, filtersAt, shape, width });
  }

  #layout(): { readonly kind: number; readonly offset: number; readonly layoutAt: number } {
    const [layout] = this.#header.find_msg_type(LAYOUT);
    if (layout === undefined || this.#header.find_msg_type(EXTERNAL_FILES).length > 0)
      throw new RivuletError('unsupported-format', `${this.#place} has its data in another file`);
    const layoutAt = layout.get('offset_to_message')!;
    const [, , kind, offset] = this.#header._get_data_message_properties(layoutAt);
    return { kind, offset, layoutAt };
  }

  #address(kind: number, offset: number): number {
    if (kind === COMPACT) return offset + 2;
    if (kind === CONTIGUOUS)
      return guard(this.#place, () => readUnsigned(new DataView(this.#buffer), offset, 8));
    throw new RivuletError('unsupported-format', `${this.#place} has a layout of the class ${kind}`);
  }
}

/** jsfive has read every message of a header by the time it gives it. */
function chargeMessages({ msgs }: DataObjects, buffer: GuardedBuffer): void {
  buffer.charge(VISIT * msgs.length);
}

function readFloats(
  buffer: ArrayBuffer,
  at: number,
  size: number,
  width: number,
  little: boolean,
): Float32Array {
  if (width === 4 && little && at % 4 === 0) return new Float32Array(buffer, at, size);
  const view = new DataView(buffer, at, size * width);
  const read = {
    2: (offset: number) => expandFloat16(view.getUint16(offset, little)),
    4: (offset: number) => view.getFloat32(offset, little),
    8: (offset: number) => view.getFloat64(offset, little),
  }[width]!;
  return Float32Array.from({ length: size }, (_, i) => read(i * width));
}

interface Attribute {
  readonly name: string;
  /** Of HDF5's datatypes. */
  readonly type: 'string' | 'variable-string' | 'other';
  readonly width: number;
  readonly count: number;
  /** Where its values stand. */
  readonly at: number;
}

/** An attribute message; undefined where its parts are kept elsewhere. */
function readAttribute(buffer: ArrayBuffer, start: number): Attribute | undefined {
  const view = new DataView(buffer);
  const version = view.getUint8(start);
  if (version < 1 || version > 3 || (version > 1 && view.getUint8(start + 1) !== 0)) return undefined;
  const pad = (size: number) => (version === 1 ? Math.ceil(size / 8) * 8 : size);
  const sizes = [2, 4, 6].map((offset) => view.getUint16(start + offset, true));
  const nameAt = start + (version === 3 ? 9 : 8);
  const typeAt = nameAt + pad(sizes[0]!);
  const spaceAt = typeAt + pad(sizes[1]!);
  const kind = view.getUint8(typeAt) & 15;
  const isVariable = kind === 9 && (view.getUint8(typeAt + 1) & 15) === 1;
  return {
    name: text(buffer, nameAt, sizes[0]!),
    type: kind === 3 ? 'string' : isVariable ? 'variable-string' : 'other',
    width: view.getUint32(typeAt + 4, true),
    count: countOf(view, spaceAt),
    at: spaceAt + pad(sizes[2]!),
  };
}

/** The elements of a dataspace. */
function countOf(view: DataView, at: number): number {
  const version = view.getUint8(at);
  if (version === 2 && view.getUint8(at + 3) === 2) return 0;
  const dimensionsAt = at + (version === 1 ? 8 : 4);
  const dimensions = Array.from({ length: view.getUint8(at + 1) }, (_, i) =>
    readUnsigned(view, dimensionsAt + 8 * i, 8),
  );
  return elementCount(dimensions) ?? Number.POSITIVE_INFINITY;
}

function readStrings(
  { type, width, count, at }: Attribute,
  header: DataObjects,
  buffer: GuardedBuffer,
): readonly string[] | undefined {
  if (type === 'other') return count === 0 ? [] : undefined;
  buffer.charge(count * Math.max(1, width));
  return Array.from({ length: count }, (_, i) => {
    if (type === 'string') return text(buffer, at + i * width, width);
    const [, data] = header._vlen_size_and_data(buffer, at + i * width);
    buffer.charge(data?.byteLength ?? 0);
    return data ? text(data, 0, data.byteLength) : '';
  });
}

/** Up to the first zero, at most `size` bytes. */
function text(buffer: ArrayBuffer, at: number, size: number): string {
  const bytes = new Uint8Array(buffer, at, size);
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}

/** Whether the Attribute Info message points to a heap. */
function hasDenseAttributes(header: DataObjects, buffer: ArrayBuffer): boolean {
  const at = header.find_msg_type(ATTRIBUTE_INFO)[0]!.get('offset_to_message')!;
  const view = new DataView(buffer);
  const heapAt = at + 2 + (view.getUint8(at + 1) & 1 ? 2 : 0);
  return view.getBigUint64(heapAt, true) !== 0xffff_ffff_ffff_ffffn;
}
