/** A Keras model, from whatever container: the JSON of its layers and their arrays, to a graph. */
import { RivuletError, show } from '../../errors.ts';
import type { GraphOutput } from '../../graph/definition.ts';
import { MAX_SIZE } from '../../graph/limits.ts';
import type { Conversion, ConvertOptions, Format } from '../conversion.ts';
import type { ArrayStore } from './arrays.ts';
import { type Flow, GraphBuilder } from './builder.ts';
import { type KerasLayer, type KerasModel, type KerasTopology, nameWithin, shapeOf } from './config.ts';
import type { LayerContext } from './layers/context.ts';
import { LAYER_NAMES, layerOf, takesTokens } from './layers/table.ts';
import { Options } from './options.ts';

/**
 * @throws RivuletError `unsupported-operator` (naming layer, field and what is supported), `missing-tensor`,
 * `wrong-shape`, `invalid-file`
 */
export function convertKeras(
  model: KerasModel,
  store: ArrayStore,
  format: Format,
  { ignoreMasks = false }: ConvertOptions = {},
): Conversion {
  const builder = new GraphBuilder();
  const flows = new Map<string, Flow>();
  const shared: Shared = { store, builder, version: model.version, ignoreMasks, nameOf: (layer) => layer };
  for (const { layer } of model.inputs) flows.set(layer, addInput(model, layer, builder));
  convertLayers(model, shared, flows);
  const outputs = model.outputs.map(({ layer, index }) => addOutput(layer, index, flows, builder));
  const { found, used, unused } = store.summary();
  return {
    definition: {
      graph: { inputs: builder.inputs, outputs, nodes: builder.nodes },
      tensors: builder.tensors,
    },
    report: {
      format,
      nodes: builder.lines,
      folded: builder.folded,
      parametersFound: found,
      parametersUsed: used,
      unused,
      notes: [...(model.version ? [`written by Keras ${model.version.text}`] : []), ...builder.notes],
    },
  };
}

/** What all layers have in common. */
interface Shared extends Pick<LayerContext, 'builder' | 'version' | 'ignoreMasks'> {
  readonly store: ArrayStore;
  /** The name, in the whole file, of a layer of the model. */
  nameOf(layer: string): string;
}

function addInput({ layers }: KerasModel, name: string, builder: GraphBuilder): Flow {
  const layer = layers.find((candidate) => candidate.name === name);
  if (layer?.className === 'InputLayer') return builder.addInput(name, shapeOf(layer.config));
  throw new RivuletError('invalid-file', `input_layers: ${show(name)} is no InputLayer of the model`);
}

/** Every layer but the inputs behind those that it reads, else in the order of the file. */
function sorted({ layers, inputs }: KerasTopology): readonly KerasLayer[] {
  const done = new Set(inputs.map(({ layer }) => layer));
  const waiting = new Map<string, KerasLayer[]>();
  const missing = new Map<KerasLayer, number>();
  const result: KerasLayer[] = [];
  const ready: KerasLayer[] = [];
  const rest = layers.filter(({ name }) => !done.has(name));
  for (const layer of rest) {
    const needed = new Set(layer.reads.map(({ layer: name }) => name).filter((name) => !done.has(name)));
    missing.set(layer, needed.size);
    for (const name of needed) waiting.set(name, [...(waiting.get(name) ?? []), layer]);
    if (needed.size === 0) ready.push(layer);
  }
  for (const layer of ready) {
    result.push(layer);
    for (const next of waiting.get(layer.name) ?? []) {
      missing.set(next, missing.get(next)! - 1);
      if (missing.get(next) === 0) ready.push(next);
    }
  }
  const stuck = rest.find((layer) => missing.get(layer)! > 0);
  if (stuck === undefined) return result;
  throw new RivuletError(
    'invalid-file',
    `layer ${show(stuck.name)} reads a layer that is not in the model, or its own output`,
  );
}

/** @param flows of the inputs, where all others are set */
function convertLayers(model: KerasTopology, shared: Shared, flows: Map<string, Flow>): void {
  for (const layer of sorted(model)) flows.set(layer.name, convertLayer(layer, shared, flows));
}

/** The layers of a model within a model, whose inputs are what it reads. */
function convertNested(model: KerasTopology, inputs: readonly Flow[], shared: Shared, name: string): Flow {
  const place = `model ${show(name)}`;
  const { inputs: taken, outputs } = model;
  if (taken.length !== inputs.length || outputs.length !== 1) {
    throw new RivuletError(
      'unsupported-operator',
      `${place}: it has ${taken.length} inputs, of which ${inputs.length} are given, and ${outputs.length} outputs; ` +
        'supported, of a model within a model, is a value for each input, and one output',
    );
  }
  const flows = new Map(taken.map(({ layer }, i) => [layer, inputs[i]!]));
  convertLayers(model, { ...shared, nameOf: (layer) => nameWithin(name, layer) }, flows);
  return readFlow(outputs[0]!.layer, outputs[0]!.index, flows, place);
}

function convertLayer(layer: KerasLayer, shared: Shared, flows: ReadonlyMap<string, Flow>): Flow {
  const { className, config, reads, model } = layer;
  const { store, nameOf, ...common } = shared;
  const name = nameOf(layer.name);
  const place = `layer ${show(name)} (${className})`;
  if (reads.length === 0) throw new RivuletError('invalid-file', `${place} reads nothing`);
  const inputs = reads.map((output) => readFlow(output.layer, output.index, flows, place));
  if (model) return convertNested(model, inputs, shared, name);
  const convert = layerOf(className);
  if (convert === undefined) {
    throw new RivuletError(
      'unsupported-operator',
      `${place} is not supported; ${LAYER_NAMES.join(', ')} are`,
    );
  }
  const options = new Options(place, config);
  const flow = convert({
    className,
    name,
    place,
    options,
    ...common,
    arrays: store.layer(name, place),
    inputs: takesTokens(className) ? inputs : inputs.map((flow) => common.builder.features(flow)),
  });
  options.refuseOthers();
  checkSize(flow, place);
  return flow;
}

/** Before anything is made of that size. */
function checkSize({ frame }: Flow, place: string): void {
  const size = frame.reduce((product, value) => (value >= 1 ? product * value : Number.NaN), 1);
  if (size <= MAX_SIZE) return;
  throw new RivuletError(
    'wrong-shape',
    `${place}: it gives [${frame.join(', ')}] each timestep; expected 1 to ${MAX_SIZE} values`,
  );
}

function readFlow(layer: string, index: number, flows: ReadonlyMap<string, Flow>, place: string): Flow {
  const flow = flows.get(layer);
  if (flow && index === 0) return flow;
  throw new RivuletError(
    flow ? 'unsupported-operator' : 'invalid-file',
    `${place}: it reads output ${index} of layer ${show(layer)}; ${flow ? 'supported is output 0, no states' : 'there is none'}`,
  );
}

function addOutput(
  layer: string,
  index: number,
  flows: ReadonlyMap<string, Flow>,
  builder: GraphBuilder,
): GraphOutput {
  const place = `output ${show(layer)}`;
  const flow = readFlow(layer, index, flows, place);
  if (builder.isInput(flow)) throw new RivuletError('unsupported-operator', `${place} is an input as it is`);
  if (flow.time === 'last' || flow.time === 'first') {
    const which = flow.time === 'last' ? 'last' : 'first (it goes backward)';
    builder.notes.add(`${place}: Keras gives it once a sequence; it is the value of the ${which} timestep`);
  }
  if (flow.reversed)
    builder.notes.add(`${place}: in the order of time; Keras has it in reverse (go_backwards)`);
  return { name: layer, from: flow.from };
}
