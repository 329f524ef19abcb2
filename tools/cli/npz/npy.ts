/**
 * One array as NumPy saves it (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html): a magic, a
 * version, the length of a header, the header as a Python dictionary, and the elements.
 */
import { elementCount, formatShape } from '../../../src/graph/tensor.ts';
import { RivuletError } from '../../../src/index.ts';

export interface NumpyArray {
  readonly shape: readonly number[];
  /** In C order. */
  readonly data: Float64Array;
}

interface Element {
  readonly bytes: number;
  read(view: DataView, at: number): number;
}

/** By NumPy's `descr`. */
const ELEMENTS: Readonly<Record<string, Element>> = {
  '<f4': { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  '<f8': { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  '|i1': { bytes: 1, read: (view, at) => view.getInt8(at) },
  '|u1': { bytes: 1, read: (view, at) => view.getUint8(at) },
  '<i2': { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  '<u2': { bytes: 2, read: (view, at) => view.getUint16(at, true) },
  '<i4': { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  '<u4': { bytes: 4, read: (view, at) => view.getUint32(at, true) },
  '<i8': { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
};

/** Magic, version and the two bytes of version 1's length. */
const PREFIX_BYTES = 10;
/** The dictionary is one line of text; NumPy itself refuses longer ones unless told otherwise. */
const MAX_HEADER_BYTES = 10_000;
const MAX_DIMENSIONS = 32;

/**
 * @param name of the array, for messages
 * @throws RivuletError `invalid-file`, or `unsupported-format` for other element types and Fortran order
 */
export function parseNpy(name: string, bytes: Uint8Array): NumpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = headerStart(name, view);
  const length = start === PREFIX_BYTES ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_HEADER_BYTES || start + length > bytes.length)
    throw invalid(name, `its header takes ${length} bytes of ${bytes.length}`);
  const { element, shape } = parseHeader(name, bytes.subarray(start, start + length));
  const count = elementCount(shape);
  const dataBytes = bytes.length - start - length;
  if (count === undefined || count * element.bytes !== dataBytes)
    throw invalid(name, `its shape ${formatShape(shape)} does not have the ${dataBytes} bytes of its data`);
  const data = new Float64Array(count);
  for (let i = 0; i < count; i++) data[i] = element.read(view, start + length + i * element.bytes);
  return { shape, data };
}

/** Where the header begins, which the version says. */
function headerStart(name: string, view: DataView): number {
  const isNumpy =
    view.byteLength >= PREFIX_BYTES + 2 && view.getUint32(0) === 0x934e554d && view.getUint16(4) === 0x5059;
  if (!isNumpy) throw invalid(name, 'it does not begin as an array of NumPy');
  const version = view.getUint8(6);
  if (version < 1 || version > 3)
    throw invalid(name, `version ${version} of the format; 1, 2 and 3 are known`);
  return version === 1 ? PREFIX_BYTES : PREFIX_BYTES + 2;
}

/** `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`: exactly these fields, in any order. */
function parseHeader(name: string, bytes: Uint8Array): { element: Element; shape: readonly number[] } {
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  const fields = /^\{((?:'\w+': (?:'[^']*'|True|False|\([\d, ]*\)|\[.*\]),? ?)*)\}\s*$/.exec(text)?.[1];
  const field = (key: string, pattern: string) => new RegExp(`'${key}': ${pattern}`).exec(fields ?? '')?.[1];
  const descr = field('descr', "'([^']*)'");
  const order = field('fortran_order', '(True|False)');
  const dimensions = field('shape', '\\(([\\d, ]*)\\)');
  if (descr === undefined || order === undefined || dimensions === undefined)
    throw invalid(name, `its header is not one of a plain array: ${text.slice(0, 80).trim()}`);
  const shape = dimensions.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));
  if (shape.length > MAX_DIMENSIONS) throw invalid(name, `it has ${shape.length} dimensions`);
  const element = Object.hasOwn(ELEMENTS, descr) ? ELEMENTS[descr] : undefined;
  if (element === undefined || (order === 'True' && shape.length > 1)) {
    throw new RivuletError(
      'unsupported-format',
      `array "${name}" is ${descr} in ${order === 'True' ? 'Fortran' : 'C'} order; save float32, float64 or integers ` +
        'in C order (numpy.ascontiguousarray)',
    );
  }
  return { element, shape };
}

function invalid(name: string, reason: string): RivuletError {
  return new RivuletError('invalid-file', `array "${name}": ${reason}`);
}
