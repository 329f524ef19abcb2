import { Random } from '../reference/random.ts';
import { changeTree, type Json, mutateText } from './json-mutants.ts';

/**
 * Mutant number `index` of a seed of a model file: every second one changes the header, the graph or the tokenizer as
 * JSON and writes the length anew; the others have flipped, cut or inserted bytes.
 */
export function mutateFile(files: readonly Uint8Array[], seed: number, index: number): Uint8Array {
  const random = new Random(Math.imul(seed, 0x85ebca6b) + index);
  const file = random.pick(files);
  return index % 2 === 0 ? mutateStructure(file, random) : mutateBytes(file, random);
}

interface TensorEntry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

type Header = Record<string, Json>;

interface Parts {
  readonly header: Header;
  data: Uint8Array;
}

const PREFIX = 8;
const METADATA = '__metadata__';

function takeApart(file: Uint8Array): Parts {
  const length = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  const text = new TextDecoder().decode(file.subarray(PREFIX, PREFIX + length));
  return { header: JSON.parse(text) as Header, data: file.slice(PREFIX + length) };
}

function putTogether(headerText: string, data: Uint8Array): Uint8Array {
  const header = new TextEncoder().encode(headerText);
  const file = new Uint8Array(PREFIX + header.length + data.length);
  new DataView(file.buffer).setUint32(0, header.length, true);
  file.set(header, PREFIX);
  file.set(data, PREFIX + header.length);
  return file;
}

function mutateStructure(file: Uint8Array, random: Random): Uint8Array {
  const parts = takeApart(file);
  do random.pick(MUTATIONS)(parts, random);
  while (random.uniform() < 0.25);
  const text = JSON.stringify(parts.header);
  return putTogether(random.uniform() < 0.05 ? mutateText(text, random) : text, parts.data);
}

type Mutation = (parts: Parts, random: Random) => void;

const MUTATIONS: readonly Mutation[] = [
  changeHeader,
  changeEntry,
  changeGraph,
  changeGraph,
  changeGraph,
  changeTokenizer,
  changeMetadata,
  rewireGraph,
  rewireGraph,
  reshape,
  reshape,
  renameTensor,
  removeTensor,
  exchangeTensors,
  changeWeight,
  changeWeight,
  resizeData,
];

function tensorNames({ header }: Parts): string[] {
  return Object.keys(header).filter((name) => name !== METADATA);
}

function tensor({ header }: Parts, name: string): TensorEntry {
  return header[name] as unknown as TensorEntry;
}

function metadata({ header }: Parts): Record<string, string> {
  const value = header[METADATA];
  return typeof value === 'object' && value !== null ? (value as Record<string, string>) : {};
}

function changeHeader({ header }: Parts, random: Random): void {
  changeTree(header, random);
}

function changeEntry(parts: Parts, random: Random): void {
  const names = tensorNames(parts);
  const entry = names.length > 0 && parts.header[random.pick(names)];
  if (typeof entry === 'object' && entry !== null) changeTree(entry, random);
}

function changeGraph(parts: Parts, random: Random): void {
  changeJson(parts, 'graph', (graph) => changeTree(graph, random));
}

function changeTokenizer(parts: Parts, random: Random): void {
  changeJson(parts, 'tokenizer', (tokenizer) => changeTree(tokenizer, random));
}

function changeMetadata(parts: Parts, random: Random): void {
  const all = metadata(parts);
  const keys = Object.keys(all);
  if (keys.length === 0) return;
  const key = random.pick(keys);
  const text = all[key];
  if (random.uniform() < 0.3) delete all[key];
  else if (typeof text === 'string') all[key] = mutateText(text, random);
}

/** Applies a change to a value that stands in the metadata as JSON text. */
function changeJson(parts: Parts, key: string, change: (value: Json) => void): void {
  const all = metadata(parts);
  // Longer ones an earlier mutation has nested so deep that JSON.stringify, which recurses, could not write them.
  if (typeof all[key] !== 'string' || all[key].length > 50_000) return;
  let value: Json;
  try {
    value = JSON.parse(all[key]) as Json;
  } catch {
    return; // an earlier mutation has broken it
  }
  change(value);
  all[key] = JSON.stringify(value);
}

const FIELDS = [
  'name',
  'input',
  'inputs',
  'type',
  'tensors',
  'size',
  'activation',
  'kind',
  'from',
  'direction',
  'merge',
  'initial',
  'memory',
  'operation',
  'layout',
  'channels',
  'kernel',
  'stride',
];

/** Names, kinds and tensors that exist, in places where they do not belong. */
function rewireGraph(parts: Parts, random: Random): void {
  changeJson(parts, 'graph', (value) => {
    const graph = isRecord(value) ? value : {};
    const encoder = isRecord(graph.encoder) ? graph.encoder : {};
    const lists = [graph.nodes, graph.inputs, graph.outputs, encoder.nodes, encoder.inputs].filter(
      Array.isArray,
    );
    const [nodes] = lists;
    if (nodes === undefined) return;
    const entries = lists.flat().filter(isRecord);
    if (entries.length === 0) return;
    const [a, b] = [random.pick(entries), random.pick(entries)];
    const [from, to] = [random.pick(FIELDS), a];
    if (random.uniform() < 0.2) nodes.splice(random.integer(0, nodes.length + 1), 0, structuredClone(b));
    else if (isRecord(a.tensors) && random.uniform() < 0.4) {
      const names = tensorNames(parts);
      const roles = Object.keys(a.tensors);
      if (roles.length > 0 && names.length > 0) a.tensors[random.pick(roles)] = random.pick(names);
    } else if (b[from] !== undefined) to[from] = structuredClone(b[from]);
  });
}

/** Another shape with the bytes to match, or the same number of elements otherwise arranged. */
function reshape(parts: Parts, random: Random): void {
  const names = tensorNames(parts);
  if (names.length === 0) return;
  const entry = tensor(parts, random.pick(names));
  if (!isTensorEntry(entry)) return;
  const way = random.uniform();
  if (way < 0.2) entry.shape.reverse();
  else if (way < 0.3) entry.shape = [elements(entry.shape)];
  else if (way < 0.4) entry.shape.push(1);
  else {
    const [begin, end] = entry.data_offsets;
    const bytes = elements(entry.shape) === 0 ? 4 : (end - begin) / elements(entry.shape);
    if (entry.shape.length === 0) return;
    const dimension = random.integer(0, entry.shape.length);
    entry.shape[dimension] = Math.max(0, (entry.shape[dimension] ?? 0) + random.pick([-1, 1, -2, 3, 16]));
    resizeTensor(parts, entry, Math.min(1 << 16, elements(entry.shape) * bytes));
  }
}

/** Gives a tensor other bytes, zeros where they are new, and moves what lies behind it. */
function resizeTensor(parts: Parts, entry: TensorEntry, bytes: number): void {
  const [begin, end] = entry.data_offsets;
  const data = new Uint8Array(Math.max(0, parts.data.length + bytes - (end - begin)));
  if (begin + bytes > data.length || end > parts.data.length) return;
  data.set(parts.data.subarray(0, Math.min(end, begin + bytes)));
  data.set(parts.data.subarray(end).subarray(0, data.length - begin - bytes), begin + bytes);
  parts.data = data;
  const by = bytes - (end - begin);
  for (const name of tensorNames(parts)) {
    const other = tensor(parts, name);
    if (other === entry || !isTensorEntry(other) || other.data_offsets[0] < end) continue;
    other.data_offsets = [other.data_offsets[0] + by, other.data_offsets[1] + by];
  }
  entry.data_offsets = [begin, begin + bytes];
}

function renameTensor(parts: Parts, random: Random): void {
  const names = tensorNames(parts);
  if (names.length === 0) return;
  const name = random.pick(names);
  const to = random.pick([
    `${name}.scale`,
    'weight',
    '__proto__',
    'constructor',
    '',
    name.replace('.scale', ''),
  ]);
  Object.defineProperty(parts.header, to, {
    value: parts.header[name],
    enumerable: true,
    configurable: true,
    writable: true,
  });
  if (to !== name) delete parts.header[name];
}

/** With its bytes, so that the rest of the file is as it should be. */
function removeTensor(parts: Parts, random: Random): void {
  const names = tensorNames(parts);
  if (names.length === 0) return;
  const name = random.pick(names);
  const entry = tensor(parts, name);
  if (isTensorEntry(entry)) resizeTensor(parts, entry, 0);
  delete parts.header[name];
}

function exchangeTensors(parts: Parts, random: Random): void {
  const names = tensorNames(parts);
  if (names.length === 0) return;
  const [a, b] = [random.pick(names), random.pick(names)];
  [parts.header[a], parts.header[b]] = [parts.header[b]!, parts.header[a]!];
}

/** A value that a trainer would not write: not finite, huge, denormal, or any bits. */
function changeWeight({ data }: Parts, random: Random): void {
  const count = data.length >> 2;
  if (count === 0) return;
  const value = random.pick([0x7fc00000, 0x7f800000, 0xff800000, 0x7f7fffff, 1, 0x80000000, random.bits()]);
  new DataView(data.buffer, data.byteOffset).setUint32(4 * random.integer(0, count), value, true);
}

function resizeData(parts: Parts, random: Random): void {
  const data = new Uint8Array(Math.max(0, parts.data.length + random.pick([-1, 1, -4, 4, -64, 4096])));
  data.set(parts.data.subarray(0, data.length));
  parts.data = data;
}

function isRecord(value: unknown): value is Record<string, Json> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTensorEntry(value: unknown): value is TensorEntry {
  if (!isRecord(value)) return false;
  const isSizes = (list: unknown) =>
    Array.isArray(list) && list.every((size) => Number.isInteger(size) && (size as number) >= 0);
  return isSizes(value.shape) && isSizes(value.data_offsets) && (value.data_offsets as Json[]).length === 2;
}

function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** In the length, in the header or anywhere. */
function mutateBytes(file: Uint8Array, random: Random): Uint8Array {
  const way = random.uniform();
  if (way < 0.1) return file.slice(0, random.integer(0, file.length));
  if (way < 0.2) return insert(file, random);
  const mutant = file.slice();
  const headerBytes = new DataView(file.buffer, file.byteOffset).getUint32(0, true);
  const end = random.pick([PREFIX, PREFIX + headerBytes, file.length, file.length]);
  do {
    const at = random.integer(0, end);
    mutant[at] = random.uniform() < 0.5 ? mutant[at]! ^ (1 << random.integer(0, 8)) : random.integer(0, 256);
  } while (random.uniform() < 0.3);
  return mutant;
}

function insert(file: Uint8Array, random: Random): Uint8Array {
  const at = random.integer(0, file.length + 1);
  const added = Uint8Array.from(random.integers(random.integer(1, 9), 0, 256));
  const mutant = new Uint8Array(file.length + added.length);
  mutant.set(file.subarray(0, at));
  mutant.set(added, at);
  mutant.set(file.subarray(at), at + added.length);
  return mutant;
}
