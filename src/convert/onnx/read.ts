/** The graph of a file, node by node in their order, to a graph of ours. */
import { RivuletError, show } from '../../errors.ts';
import type { GraphOutput } from '../../graph/definition.ts';
import { MAX_SIZE } from '../../graph/limits.ts';
import type { Conversion, ConvertOptions } from '../conversion.ts';
import { Attributes } from './attributes.ts';
import { Emitter, shapeText } from './emitter.ts';
import { isTokens, realInputs, type TimeAxis, timeAxes } from './inputs.ts';
import { OPERATORS } from './ops/table.ts';
import { rewrite } from './patterns.ts';
import type { GraphProto, ModelProto, NodeProto, ValueInfoProto } from './proto.ts';
import { invalid, placeOf, quoted, unsupported } from './refuse.ts';
import { simplify } from './simplify.ts';
import { pairStates, type StatePairs, States } from './states.ts';
import { constantOf, TYPE_NAMES } from './tensor.ts';
import { type Constant, Elements, type Stream, sizeOf, type Value } from './value.ts';

/** LSTM, GRU, RNN and their variants, which tell which axis is time. */
const RECURRENT = /LSTM|GRU|RNN/;

const OLDEST = 7;
const NEWEST = 22;

/** What the names of a graph stand for so far. */
export type Values = Map<string, Value>;

/** An import with one way to understand the axes of the inputs. */
export interface Reading {
  readonly model: ModelProto;
  readonly graph: GraphProto;
  readonly nodes: readonly NodeProto[];
  readonly emit: Emitter;
  readonly values: Values;
  readonly time: TimeAxis;
  readonly options: ConvertOptions;
  /** Weights of the file: initializers, and what Constant nodes give. */
  readonly weights: Map<string, Constant>;
}

/**
 * @throws RivuletError `invalid-file`, `unsupported-operator`, `wrong-shape`
 */
export function readGraph(model: ModelProto, options: ConvertOptions): Conversion {
  const { graph } = model;
  if (!graph) throw new RivuletError('invalid-file', 'onnx: the file has no graph');
  checkModel(model, graph);
  const constants = initializersOf(graph);
  const nodes = rewrite(graph, constants);
  const pairs = pairStates(graph, options);
  const inputs = realInputs(graph).filter(({ name }) => !pairs.has(name));
  const attempts: Attempt[] = [];
  const recurrent = pairs.size > 0 || nodes.some(({ operator }) => RECURRENT.test(operator));
  for (const ways of timeAxes(inputs, recurrent, options.time)) {
    const tried = ways.map((time) => attempt({ model, graph, nodes, time, options }, constants, pairs));
    attempts.push(...tried);
    const found = tried.filter(({ conversion }) => conversion !== undefined);
    if (found.length > 0) return theOne(found);
  }
  // The way that went furthest tells most.
  const [furthest] = attempts.toSorted((a, b) => b.done - a.done);
  if (furthest) throw furthest.error;
  throw unsupported(
    'onnx',
    'several axes of its inputs have no fixed length; supported are those of time and of the batch',
  );
}

interface Attempt {
  readonly time: TimeAxis;
  /** Nodes that could be read. */
  readonly done: number;
  readonly conversion?: Conversion;
  readonly error?: unknown;
}

function attempt(
  given: Pick<Reading, 'model' | 'graph' | 'nodes' | 'time' | 'options'>,
  constants: ReadonlyMap<string, Constant>,
  pairs: StatePairs,
): Attempt {
  const { nodes, time } = given;
  const emit = new Emitter(new States(pairs));
  const [values, weights] = [new Map<string, Value>(constants), new Map(constants)];
  const reading = { ...given, emit, values, weights };
  const done = { nodes: 0 };
  try {
    return { time, done: nodes.length, conversion: readNodes(reading, done) };
  } catch (error) {
    if (!(error instanceof RivuletError)) throw error;
    return { time, done: done.nodes, error };
  }
}

/** Ways that lead to one graph are one way. */
function theOne(found: readonly Attempt[]): Conversion {
  const graphs = new Set(found.map(({ conversion }) => JSON.stringify(conversion!.definition.graph)));
  if (graphs.size === 1) return found[0]!.conversion!;
  const ways = found.map(({ time }) => time.text).join(', or ');
  throw unsupported(
    'onnx',
    `the file can be understood in several ways: ${ways}; name the axis by the option time (--time), or export it with one axis of free length`,
  );
}

function checkModel({ opsets, functions }: ModelProto, graph: GraphProto): void {
  const opset = opsets.get('');
  if (opset === undefined || !(opset >= OLDEST && opset <= NEWEST)) {
    throw new RivuletError(
      'unsupported-operator',
      `onnx: the operator set is version ${opset ?? 'none'}; supported are ${OLDEST} to ${NEWEST}`,
    );
  }
  if (functions > 0)
    throw unsupported('onnx', `the model has ${functions} functions of its own; supported is none`);
  if (graph.sparseInitializers > 0)
    throw unsupported('onnx', 'the graph has sparse initializers; supported are dense ones');
}

function initializersOf(graph: GraphProto): ReadonlyMap<string, Constant> {
  const constants = new Map<string, Constant>();
  for (const proto of graph.initializers) {
    const place = `onnx: initializer ${show(proto.name)}`;
    if (constants.has(proto.name)) throw invalid(place, 'there are two of this name');
    constants.set(proto.name, constantOf(proto, proto.name, place));
  }
  return constants;
}

function readNodes(reading: Reading, done: { nodes: number }): Conversion {
  const { graph, nodes, emit, values, time } = reading;
  for (const info of realInputs(graph)) {
    if (values.has(info.name)) throw invalid(`onnx: input ${show(info.name)}`, 'there are two of this name');
    values.set(info.name, inputStream(info, reading));
  }
  for (const node of nodes) {
    readNode(node, reading);
    done.nodes++;
  }
  refuseQuantizedOutputs(reading);
  const states = new Set(emit.states.pairs.values());
  const given = graph.outputs.filter(({ name }) => !states.has(name));
  const outputs = given.map((info) => outputOf(info, reading));
  const hasTime = [...values.values()].some((value) => value.kind === 'stream' && value.time !== undefined);
  emit.states.finish(emit, values, hasTime);
  simplify(emit, outputs);
  emit.note(time.text);
  const tokens = emit.inputs.find(({ size }) => size === 0);
  if (tokens)
    throw unsupported(`onnx: input ${show(tokens.name)}`, 'it is of integers, but no embedding reads it');
  return {
    definition: { graph: { inputs: emit.inputs, outputs, nodes: emit.nodes }, tensors: emit.tensors },
    report: reportOf(reading),
  };
}

function reportOf({ emit, weights }: Reading): Conversion['report'] {
  // Integers are shapes and axes, single numbers epsilons and exponents: no weights.
  const all = [...weights.values()].filter(({ type, data }) => type !== 'int64' && data.length > 1);
  const count = (list: readonly Constant[]): number => list.reduce((sum, { data }) => sum + data.length, 0);
  const unused = all.filter(({ name }) => !emit.used.has(name));
  const names = new Set(emit.nodes.map(({ name }) => name));
  return {
    format: 'onnx',
    nodes: emit.lines.filter((line) => names.has(line.slice(0, line.indexOf(': ')))),
    folded: emit.folded,
    parametersFound: count(all),
    parametersUsed: count(all) - count(unused),
    unused: unused.map(({ name }) => name),
    notes: emit.notes,
  };
}

/** An input as a stream of all its elements; integers are tokens, one a timestep. */
function inputStream(info: ValueInfoProto, { emit, time }: Reading): Stream {
  if (emit.states.pairs.has(info.name)) return emit.states.input(info);
  const { shape, timeAxis, timesteps } = time.of(info);
  const place = `onnx: input ${show(info.name)}`;
  const size = sizeOf(shape);
  if (!(size >= 1 && size <= MAX_SIZE))
    throw unsupported(place, `it has ${size} values a timestep; supported are 1 to ${MAX_SIZE}`);
  const tokens = isTokens(info);
  if (tokens && size !== 1)
    throw unsupported(place, `it has ${size} integers a timestep; supported is one, a token`);
  if (!tokens && info.elementType !== 1 && info.elementType !== 11)
    throw unsupported(
      place,
      `its type is ${TYPE_NAMES[info.elementType] ?? info.elementType}; supported are float, double, and integers as tokens`,
    );
  const source = emit.input(
    tokens ? { name: info.name, kind: 'tokens', size: 0 } : { name: info.name, kind: 'features', size },
  );
  const elements = new Elements([source]);
  return { kind: 'stream', shape, time: timeAxis, timesteps, last: false, padded: [0, 0], elements };
}

/** Those that know what to do with zeros around time. */
const TAKES_PADDED = ['Pad', 'Conv', 'Slice', 'Identity', 'Dropout', 'Relu', 'LeakyRelu', 'PRelu', 'Tanh'];

function readNode(node: NodeProto, { model, values, emit, weights }: Reading): void {
  const place = placeOf(node);
  const domain = node.domain === 'ai.onnx' ? '' : node.domain;
  const key = domain === '' ? node.operator : `${domain}.${node.operator}`;
  const operator = Object.hasOwn(OPERATORS, key) ? OPERATORS[key] : undefined;
  if (operator === undefined) {
    const known = Object.keys(OPERATORS).join(', ');
    throw unsupported(place, `the operator ${show(key)} is not supported; supported are ${known}`);
  }
  const inputs = node.inputs.map((name) => (name === '' ? undefined : find(name, values, place)));
  refusePadded(node, place, inputs);
  refuseQuantized(node, place, inputs);
  refuseFloat16(node, place, inputs);
  const attributes = new Attributes(node);
  const outputs = operator({ node, place, opset: model.opsets.get(domain) ?? 1, inputs, attributes, emit });
  attributes.finish();
  node.outputs.forEach((name, index) => {
    if (name === '') return;
    if (values.has(name)) throw invalid(place, `its output ${quoted(name)} has the name of another value`);
    const value = outputs[index];
    if (value === undefined) return;
    values.set(name, value);
    if (value.kind === 'constant') noteConstant(node, name, value, { emit, weights });
  });
}

function noteConstant(
  node: NodeProto,
  name: string,
  value: Constant,
  { emit, weights }: Pick<Reading, 'emit' | 'weights'>,
): void {
  if (node.operator === 'Constant') weights.set(name, value);
  else if (node.operator !== 'Identity') emit.folded.push(`${name}: ${node.operator} to ${shapeText(value)}`);
}

/** Zeros that a Pad put before the first timestep are only there for a convolution. */
function refusePadded(node: NodeProto, place: string, inputs: readonly (Value | undefined)[]): void {
  const padded = inputs.some(
    (value) => value?.kind === 'stream' && (value.padded[0] > 0 || value.padded[1] > 0),
  );
  if (!padded || TAKES_PADDED.includes(node.operator)) return;
  throw unsupported(
    place,
    `it reads a value with timesteps padded around it; supported is that in front of ${TAKES_PADDED.join(', ')}`,
  );
}

/** What QuantizeLinear gives is the integers of another place; only DequantizeLinear makes values of them. */
function refuseQuantized(node: NodeProto, place: string, inputs: readonly (Value | undefined)[]): void {
  if (node.operator === 'DequantizeLinear') return;
  const index = inputs.findIndex((value) => value?.kind === 'stream' && value.quantized);
  if (index < 0) return;
  throw unsupported(
    place,
    `it computes with the integers that a QuantizeLinear gives, ${quoted(node.inputs[index]!)}; supported is a DequantizeLinear of them`,
  );
}

/** What does not compute with numbers, but only says where they stand or what they are. */
const TAKES_FLOAT16 = [
  ...['Cast', 'Identity', 'Transpose', 'Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Expand'],
  ...['Slice', 'Split', 'Concat', 'Gather', 'Shape', 'Size'],
];

/** Weights may be stored in float16 and made float32 by a Cast; arithmetic in float16 has other roundings than ours. */
function refuseFloat16(node: NodeProto, place: string, inputs: readonly (Value | undefined)[]): void {
  const index = inputs.findIndex((value) => value?.kind === 'constant' && value.type === 'float16');
  const constants = inputs.every((value) => value?.kind !== 'stream');
  if (index < 0 || (constants && TAKES_FLOAT16.includes(node.operator))) return;
  throw unsupported(
    place,
    `it computes in float16, with ${quoted(node.inputs[index]!)}; supported are float16 constants that a Cast makes float32`,
  );
}

function find(name: string, values: Values, place: string): Value {
  const value = values.get(name);
  if (value) return value;
  throw invalid(
    place,
    `it reads ${quoted(name)}, which no input, no initializer and no node before it gives`,
  );
}

function refuseQuantizedOutputs({ graph, values }: Reading): void {
  for (const { name } of graph.outputs) {
    const value = values.get(name);
    if (value?.kind === 'stream' && value.quantized)
      throw unsupported(
        `onnx: output ${show(name)}`,
        'it is the integers that a QuantizeLinear gives; supported is a DequantizeLinear of them',
      );
  }
}

function outputOf({ name }: ValueInfoProto, { values, emit }: Reading): GraphOutput {
  const place = `onnx: output ${show(name)}`;
  const value = find(name, values, place);
  if (value.kind === 'constant')
    throw unsupported(place, 'it is a constant; supported are values that follow from the inputs');
  if (value.padded[0] > 0 || value.padded[1] > 0)
    throw unsupported(
      place,
      `it has ${value.padded[0] + value.padded[1]} timesteps more than the input; supported are as many`,
    );
  const used = emit.use(value, place);
  const isInput = emit.inputs.some((input) => input.name === used);
  const size = sizeOf(value.shape);
  const from = isInput
    ? emit.node(name, { type: 'slice', input: used, start: 0, size }, size, place).name
    : used;
  emit.note(`output ${name} is ${shapeText(value)}${value.last ? ', the value at the last timestep' : ''}`);
  return { name, from };
}
