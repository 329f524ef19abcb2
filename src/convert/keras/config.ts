/** The JSON of a Keras model, Sequential or Functional, of Keras 1 to 3 and of TF.js, as layers and what they read. */
import { RivuletError, show } from '../../errors.ts';
import { describe } from '../../graph/fields.ts';

/** One of the outputs of a layer. */
export interface LayerOutput {
  readonly layer: string;
  readonly index: number;
}

export interface KerasLayer {
  readonly className: string;
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly reads: readonly LayerOutput[];
  /** The layers of a model that stands as a layer of another. */
  readonly model?: KerasTopology;
}

/** What is called by the name of a layer within a model: `encoder.lstm` is layer `lstm` of the model `encoder`. */
export function nameWithin(model: string, layer: string): string {
  return `${model}.${layer}`;
}

export interface KerasTopology {
  /** In the order of the file. */
  readonly layers: readonly KerasLayer[];
  readonly inputs: readonly LayerOutput[];
  readonly outputs: readonly LayerOutput[];
}

export interface KerasModel extends KerasTopology {
  /** Keras 2.1.5 is 2; undefined where the file does not say. */
  readonly version: { readonly major: number; readonly text: string } | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** Far more than a model has, and few enough for every check that looks at pairs. */
const MOST_LAYERS = 10_000;
/** Models within models: more than anyone nests. */
const DEEPEST = 16;

/**
 * @param keras `keras_version` where the file has it elsewhere
 * @throws RivuletError `invalid-file`, `unsupported-operator`
 */
export function parseKerasModel(value: unknown, keras?: string): KerasModel {
  const top = object(value, 'the model');
  const topology = Object.hasOwn(top, 'model_config') ? object(top.model_config, 'model_config') : top;
  const className = topology.class_name;
  const said = keras ?? top.keras_version;
  const version = typeof said === 'string' ? parseVersion(said) : undefined;
  if (isModel(className)) return { ...parseTopology(className, topology.config, 0), version };
  throw new RivuletError(
    'unsupported-operator',
    `the model is of the class ${describe(className)}; supported are Sequential and Functional (Model), not subclasses`,
  );
}

/** TF.js names itself where it made the model: its layers are those of Keras 2. */
function parseVersion(text: string): KerasModel['version'] {
  const major = text.startsWith('tfjs') ? 2 : Number.parseInt(text, 10);
  return major >= 1 ? { major, text } : undefined;
}

const MODELS = ['Sequential', 'Functional', 'Model'] as const;
type ModelClass = (typeof MODELS)[number];

function isModel(className: unknown): className is ModelClass {
  return (MODELS as readonly unknown[]).includes(className);
}

/** @param depth 0 is the model of the file */
function parseTopology(className: ModelClass, config: unknown, depth: number): KerasTopology {
  if (depth > DEEPEST)
    throw new RivuletError('unsupported-operator', `models stand within models more than ${DEEPEST} deep`);
  return className === 'Sequential'
    ? parseSequential(config, depth)
    : parseFunctional(object(config, 'config'), depth);
}

function parseSequential(config: unknown, depth: number): KerasTopology {
  const fields = Array.isArray(config) ? undefined : object(config, 'config');
  const values = list(fields ? fields.layers : config, 'layers');
  const layers: KerasLayer[] = [];
  for (const value of values) {
    const layer = parseLayer(value, depth);
    const last = layers.at(-1);
    if (last === undefined && layer.className !== 'InputLayer')
      layers.push(inputOf(layer, fields?.build_input_shape));
    const reads = layers.slice(-1).map(({ name }) => ({ layer: name, index: 0 }));
    layers.push({ ...layer, reads });
  }
  const [first] = layers;
  const last = layers.at(-1);
  if (!first || !last) throw new RivuletError('invalid-file', 'the Sequential model has no layers');
  checkNames(layers);
  return {
    layers,
    inputs: [{ layer: first.name, index: 0 }],
    outputs: [{ layer: last.name, index: 0 }],
  };
}

/** The input that a Sequential has where its first layer says the shape. */
function inputOf({ name, className, config, model }: KerasLayer, build: unknown): KerasLayer {
  // A wrapper may leave it to what it wraps.
  const inner = isObject(config.layer) && isObject(config.layer.config) ? config.layer.config : {};
  const [first] = model?.layers ?? [];
  const shape =
    shapeOf(config) ??
    shapeOf(inner) ??
    (first && shapeOf(first.config)) ??
    build ??
    (className === 'Embedding' ? [null, null] : undefined);
  return {
    className: 'InputLayer',
    name: `${name}_input`,
    config: shape === undefined ? {} : { batch_input_shape: shape },
    reads: [],
  };
}

/** The shape of a batch of inputs that a layer's config gives, one way or another. */
export function shapeOf(config: Json): unknown {
  const batch = config.batch_input_shape ?? config.batch_shape;
  if (batch != null) return batch;
  if (Array.isArray(config.input_shape)) return [null, ...config.input_shape];
  if (typeof config.input_dim !== 'number' || Object.hasOwn(config, 'input_length') === false)
    return undefined;
  return [null, config.input_length, config.input_dim];
}

function parseFunctional(config: Json, depth: number): KerasTopology {
  const layers = list(config.layers, 'layers').map((value) => {
    const layer = parseLayer(value, depth);
    return { ...layer, calls: parseInbound(layer, (value as Json).inbound_nodes) };
  });
  checkNames(layers);
  const models = new Set(layers.filter(({ model }) => model).map(({ name }) => name));
  const read = (calls: readonly CallOutput[], place: string) =>
    calls.map((call) => checkCall(call, models, place));
  return {
    layers: layers.map(({ calls, ...layer }) => ({ ...layer, reads: read(calls, placeOf(layer)) })),
    inputs: read(parseOutputs(config.input_layers, 'input_layers'), 'input_layers'),
    outputs: read(parseOutputs(config.output_layers, 'output_layers'), 'output_layers'),
  };
}

/** An output of one of the calls of a layer. */
interface CallOutput extends LayerOutput {
  readonly node: unknown;
}

/** Call 0 of a model may be that of its own inputs, which Keras 2 counts. */
function checkCall(
  { layer, index, node }: CallOutput,
  models: ReadonlySet<string>,
  place: string,
): LayerOutput {
  if (node === 0 || (node === 1 && models.has(layer))) return { layer, index };
  throw new RivuletError(
    'unsupported-operator',
    `${place}: it reads call ${describe(node)} of layer ${show(layer)}; a layer that several places share is not supported`,
  );
}

function placeOf({ name, className }: KerasLayer): string {
  return `layer ${show(name)} (${className})`;
}

function parseLayer(value: unknown, depth: number): KerasLayer {
  const fields = object(value, 'a layer');
  const className = fields.class_name;
  // Until Keras 2.2.2 the config of a Sequential is the list of its layers.
  const isList = isModel(className) && Array.isArray(fields.config);
  const config = isList ? {} : object(fields.config, 'a layer: config');
  const name = fields.name ?? config.name;
  if (typeof className !== 'string' || typeof name !== 'string' || name === '')
    throw new RivuletError('invalid-file', 'a layer has no class_name or no name');
  refuseCustom(name, className, fields);
  const layer = { className, name, config, reads: [] };
  return isModel(className) ? { ...layer, model: parseTopology(className, fields.config, depth + 1) } : layer;
}

/** Keras 3 says where a class comes from; a class of the same name from elsewhere may compute anything. */
export function refuseCustom(name: string, className: string, fields: Json): void {
  const { module, registered_name: registered } = fields;
  const foreign =
    (typeof module === 'string' && !/^(?:tf_)?keras(?:\.|$)|^tensorflow\.(?:python\.)?keras/.test(module)) ||
    (typeof registered === 'string' && registered.includes('>') && !/^(?:tf_)?keras/i.test(registered));
  if (!foreign) return;
  throw new RivuletError(
    'unsupported-operator',
    `layer ${show(name)}: ${show(className)} is a class of its own (${show(registered ?? module)}), not one of Keras`,
  );
}

function parseInbound(layer: KerasLayer, value: unknown): readonly CallOutput[] {
  const place = placeOf(layer);
  const calls = list(value ?? [], `${place}: inbound_nodes`);
  if (calls.length === 0) return [];
  if (calls.length > 1) {
    throw new RivuletError(
      'unsupported-operator',
      `${place} is called ${calls.length} times; a layer that several places share is not supported`,
    );
  }
  const [call] = calls;
  if (Array.isArray(call)) return parseCall(call, place);
  const fields = object(call, `${place}: a call`);
  refuseKeywords(fields.kwargs, place);
  return parseArguments(fields.args, place);
}

/** Keras 1 and 2: [["lstm", 0, 0, {}], …], or one of them alone. */
function parseCall(call: readonly unknown[], place: string): readonly CallOutput[] {
  const references = typeof call[0] === 'string' ? [call] : call;
  return references.map((value) => {
    const [layer, node = 0, index = 0, keywords] = list(value, `${place}: what it reads`);
    refuseKeywords(keywords, place);
    return reference(layer, node, index, place);
  });
}

/** Keras 3: arguments, of which some are tensors or lists of them. */
function parseArguments(value: unknown, place: string): readonly CallOutput[] {
  const found: CallOutput[] = [];
  for (const argument of list(value ?? [], `${place}: args`)) {
    const tensors = Array.isArray(argument) ? argument : [argument];
    for (const tensor of tensors) {
      const fields = object(tensor, `${place}: an argument`);
      if (fields.class_name !== '__keras_tensor__')
        throw new RivuletError('unsupported-operator', `${place}: called with an argument that is no tensor`);
      const [layer, node, index] = list(
        object(fields.config, `${place}: an argument`).keras_history,
        `${place}: keras_history`,
      );
      found.push(reference(layer, node, index, place));
    }
  }
  return found;
}

/** What a layer is called with beside its inputs: masks and initial states, which would be lost, or flags. */
function refuseKeywords(value: unknown, place: string): void {
  if (value === undefined || value === null) return;
  for (const [name, argument] of Object.entries(object(value, `${place}: keyword arguments`))) {
    if (argument === null || argument === false) continue;
    throw new RivuletError(
      'unsupported-operator',
      `${place}: it is called with ${name}; supported are layers that are called with their inputs alone`,
    );
  }
}

function parseOutputs(value: unknown, place: string): readonly CallOutput[] {
  // Keras 3 writes a single one without the list around it, and several by name in an object or in a list.
  const values = isObject(value) ? Object.values(value) : list(value, place);
  const references = typeof values[0] === 'string' ? [values] : values;
  const found = references.map((item) => {
    const [layer, node = 0, index = 0] = list(item, place);
    return reference(layer, node, index, place);
  });
  if (found.length === 0) throw new RivuletError('invalid-file', `${place}: there is none`);
  return found;
}

function reference(layer: unknown, node: unknown, index: unknown, place: string): CallOutput {
  if (typeof layer !== 'string' || typeof index !== 'number')
    throw new RivuletError('invalid-file', `${place}: ${describe(layer)} is no output of a layer`);
  return { layer, index, node };
}

function checkNames(layers: readonly KerasLayer[]): void {
  const names = new Set(layers.map(({ name }) => name));
  if (layers.length > MOST_LAYERS || names.size < layers.length) {
    const why = layers.length > MOST_LAYERS ? `${layers.length} layers` : 'two layers of one name';
    throw new RivuletError('invalid-file', `the model has ${why}`);
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function object(value: unknown, place: string): Json {
  if (isObject(value)) return value;
  throw new RivuletError('invalid-file', `${place}: expected an object, got ${describe(value)}`);
}

function list(value: unknown, place: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new RivuletError('invalid-file', `${place}: expected an array, got ${describe(value)}`);
}
