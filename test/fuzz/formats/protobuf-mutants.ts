import { PbfReader, PbfWriter } from 'pbf';
import type { Random } from '../../reference/random.ts';
import { mutateBytes } from './byte-mutants.ts';

/** A field as it stands in the file. */
interface Field {
  readonly tag: number;
  readonly type: number;
  value: number | Uint8Array;
}

const VARINT = 0;
const BYTES = 2;

/**
 * Changes a message somewhere, at any depth, and writes all lengths anew: a number, a field less or twice, a name or a
 * whole message in the place of another, so that graphs have circles and tensors sizes that they have no data for.
 */
export function mutateProtobuf(bytes: Uint8Array, random: Random, depth = 0): Uint8Array {
  const fields = parse(bytes);
  if (fields === undefined || fields.length === 0) return mutateText(bytes, random);
  const at = random.integer(0, fields.length);
  const field = fields[at]!;
  const way = random.uniform();
  if (field.value instanceof Uint8Array && way < 0.85 && depth < 12)
    field.value = mutateProtobuf(field.value, random, depth + 1);
  else if (way < 0.89) fields.splice(at, 1);
  else if (way < 0.93) fields.splice(random.integer(0, fields.length), 0, { ...field });
  else if (typeof field.value === 'number') field.value = otherNumber(field.value, random);
  else field.value = random.pick(fields.flatMap(({ value }) => (value instanceof Uint8Array ? [value] : [])));
  return write(fields);
}

function otherNumber(value: number, random: Random): number {
  return random.pick([0, 1, value + 1, value - 1, 7, 10, 16, 2 ** 31 - 1, 2 ** 31, 2 ** 40, 2 ** 53, -1]);
}

const TEXTS = [
  '',
  'axis',
  'LSTM',
  'MatMul',
  'X',
  'location',
  '../../etc/passwd',
  'float32_activation',
  '\ud83d',
];

function mutateText(bytes: Uint8Array, random: Random): Uint8Array {
  if (random.uniform() < 0.3) return new TextEncoder().encode(random.pick(TEXTS));
  return bytes.length === 0 ? bytes : mutateBytes(bytes, random);
}

/** Nothing where it is no message: text and weights mostly are not. */
function parse(bytes: Uint8Array): Field[] | undefined {
  const fields: Field[] = [];
  const pbf = new PbfReader(bytes);
  try {
    while (pbf.pos < bytes.length) {
      const key = pbf.readVarint();
      const [tag, type] = [key >> 3, key & 7];
      if (tag < 1 || tag > 100 || ![0, 1, 2, 5].includes(type)) return undefined;
      fields.push({ tag, type, value: readValue(pbf, type) });
      if (pbf.pos > bytes.length) return undefined;
    }
  } catch {
    return undefined;
  }
  return fields;
}

function readValue(pbf: PbfReader, type: number): number | Uint8Array {
  if (type === VARINT) return pbf.readVarint(true);
  if (type === BYTES) return pbf.readBytes().slice();
  const from = pbf.pos;
  pbf.pos += type === 1 ? 8 : 4;
  return pbf.buf.slice(from, pbf.pos);
}

function write(fields: readonly Field[]): Uint8Array {
  const pbf = new PbfWriter();
  for (const { tag, type, value } of fields) {
    pbf.writeVarint((tag << 3) | type);
    if (typeof value === 'number') pbf.writeVarint(value);
    else if (type === BYTES) pbf.writeBytes(value);
    else {
      // What a mutation made of it may have any length.
      const padded = new Uint8Array(Math.ceil(value.length / 4) * 4);
      padded.set(value);
      const view = new DataView(padded.buffer);
      for (let at = 0; at < padded.length; at += 4) pbf.writeFixed32(view.getUint32(at, true));
    }
  }
  return pbf.finish().slice();
}
