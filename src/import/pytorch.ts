/**
 * A PyTorch `state_dict` saved as safetensors, to a graph. A state_dict has names and shapes, but not how the
 * modules are connected; what the shapes leave open is refused rather than guessed, and `order` decides it.
 */
import { RivuletError, show } from '../errors.ts';
import { refuseForeign } from '../formats/detect.ts';
import { parseSafetensors, type SafetensorsFile } from '../formats/safetensors.ts';
import { parseActivation } from '../graph/activation.ts';
import type {
  Activation,
  GraphNode,
  ModelDefinition,
  Tensor,
  TokenizerDefinition,
} from '../graph/definition.ts';
import { type Fields, readFields } from '../graph/fields.ts';
import { formatShape } from '../graph/tensor.ts';
import { inferShapes } from '../graph/validate.ts';
import { parseTokenizer } from '../text/tokenizer.ts';
import { connectModules } from './connect.ts';
import { collectModules, type RecurrentOptions } from './pytorch-modules.ts';

export interface PyTorchConfig {
  /**
   * All modules in the order in which they run, by their names in the state_dict ("" for a module that was
   * saved by itself). Without it: an embedding, recurrent layers, linear layers, each where its sizes
   * connect.
   *
   * A `weight` [rows, columns] without bias may be an embedding or a linear layer. It is an embedding only
   * where it stands first and its columns are what the next module takes.
   */
  readonly order?: readonly string[];
  /** Of nn.RNN layers; `tanh`, as in PyTorch, where not given. */
  readonly nonlinearity?: 'tanh' | 'relu';
  /** Of GRU layers, see GruNode; true, PyTorch's form, where not given. */
  readonly resetAfter?: boolean;
  /** Applied to what a module gives, by the name of the module. */
  readonly activations?: Readonly<Record<string, Activation>>;
  readonly tokenizer?: TokenizerDefinition;
  /** `tokens` where the model begins with an embedding, else `input`, where not given. */
  readonly inputName?: string;
  /**
   * `logits` for a language model (tokens in, a linear layer of the vocabulary's size out), else `output`.
   */
  readonly outputName?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * The modules nn.RNN, nn.LSTM, nn.GRU (any depth, and the cells), nn.Embedding and nn.Linear of a state_dict.
 * A recurrent layer becomes the node `<module>`, or `<module>.l0`, `<module>.l1` … where the module has
 * several; tensors keep their names. The numbers of gates follow from the shapes: 1 is an RNN, 3 a GRU, 4 an
 * LSTM.
 *
 * @param source the bytes of a safetensors file, or tensors by name
 * @throws RivuletError `invalid-graph` where the modules do not connect or connect in several ways,
 * `not-supported` for bidirectional layers, projections and tensors of other modules, `missing-tensor`,
 * `wrong-shape`, `invalid-argument` for `config`, `invalid-tokenizer`, and what reading a file throws
 */
export function importPyTorch(
  source: Uint8Array | ReadonlyMap<string, Tensor>,
  config: PyTorchConfig = {},
): ModelDefinition {
  const { order, activations, tokenizer, inputName, outputName, metadata, ...recurrent } = readConfig(config);
  const { tensors, metadata: fileMetadata } = readSource(source);
  const { modules, unknown } = collectModules(tensors, recurrent);
  refuseUnknown(unknown, tensors);
  const chain = connectModules(modules, order);
  const vocabulary = chain[0]?.vocabulary;
  const input = inputName ?? (vocabulary === undefined ? 'input' : 'tokens');
  const nodes: GraphNode[] = [];
  for (const reading of chain) {
    nodes.push(...reading.nodes(nodes.at(-1)?.name ?? input));
    const activation = activations?.get(reading.module);
    if (activation !== undefined) applyActivation(nodes, activation);
  }
  refuseUnknownModules(activations, chain);
  const last = nodes.at(-1)!;
  const size = vocabulary ?? chain[0]!.inputSize;
  const isLanguageModel =
    last.type === 'dense' && last.activation !== 'softmax' && chain.at(-1)!.outputSize === vocabulary;
  const rest = { ...fileMetadata, ...metadata };
  const definition: ModelDefinition = {
    graph: {
      inputs: [{ name: input, kind: vocabulary === undefined ? 'features' : 'tokens', size }],
      outputs: [{ name: outputName ?? (isLanguageModel ? 'logits' : 'output'), from: last.name }],
      nodes,
    },
    tensors,
    ...(tokenizer && { tokenizer }),
    ...(Object.keys(rest).length > 0 && { metadata: rest }),
  };
  inferShapes(definition);
  return definition;
}

interface CheckedConfig extends RecurrentOptions {
  readonly order: readonly string[] | undefined;
  readonly activations: ReadonlyMap<string, Activation> | undefined;
  readonly tokenizer: TokenizerDefinition | undefined;
  readonly inputName: string | undefined;
  readonly outputName: string | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

function readConfig(config: PyTorchConfig): CheckedConfig {
  return readFields(config, 'config', 'invalid-argument', (fields) => ({
    order: fields.has('order') ? fields.strings('order') : undefined,
    nonlinearity: fields.has('nonlinearity') ? fields.oneOf('nonlinearity', ['tanh', 'relu']) : 'tanh',
    resetAfter: fields.has('resetAfter') ? fields.boolean('resetAfter') : true,
    activations: fields.has('activations') ? fields.object('activations', readActivations) : undefined,
    tokenizer: fields.has('tokenizer') ? parseTokenizer(fields.value('tokenizer')) : undefined,
    inputName: fields.has('inputName') ? fields.name('inputName') : undefined,
    outputName: fields.has('outputName') ? fields.name('outputName') : undefined,
    metadata: fields.has('metadata') ? fields.stringRecord('metadata') : undefined,
  }));
}

function readActivations(fields: Fields): ReadonlyMap<string, Activation> {
  const modules = fields.names();
  return new Map(modules.map((module) => [module, parseActivation(fields, module)]));
}

function readSource(source: Uint8Array | ReadonlyMap<string, Tensor>): SafetensorsFile {
  if (!ArrayBuffer.isView(source)) {
    if (typeof source?.get === 'function') return { tensors: new Map(source), metadata: {} };
    throw new RivuletError(
      'invalid-argument',
      `source must be a Uint8Array or a Map of tensors, got ${show(source)}`,
    );
  }
  refuseForeign(source);
  const { tensors, metadata } = parseSafetensors(source);
  // `format` is "pt" in files of PyTorch; the other two would be those of a model file.
  const { format, graph, tokenizer, ...rest } = metadata;
  return { tensors, metadata: rest };
}

function refuseUnknown(names: readonly string[], tensors: ReadonlyMap<string, Tensor>): void {
  if (names.length === 0) return;
  const shown = names.slice(0, 8).map((name) => `${show(name)} ${formatShape(tensors.get(name)!.shape)}`);
  throw new RivuletError(
    'not-supported',
    `no module that can be imported has the tensor${names.length > 1 ? 's' : ''} ${shown.join(', ')}` +
      `${names.length > 8 ? ', …' : ''}; RNN, LSTM, GRU, Embedding and Linear can be. ` +
      'Leave out what the model does not need',
  );
}

/** Fused where the last node is a dense one, else a node of its own. */
function applyActivation(nodes: GraphNode[], activation: Activation): void {
  const last = nodes.at(-1)!;
  if (last.type === 'dense') nodes[nodes.length - 1] = { ...last, activation };
  else nodes.push({ name: `${last.name}.${activation}`, type: 'activation', input: last.name, activation });
}

function refuseUnknownModules(
  activations: ReadonlyMap<string, Activation> | undefined,
  chain: readonly { readonly module: string }[],
): void {
  for (const name of activations?.keys() ?? []) {
    if (chain.some(({ module }) => module === name)) continue;
    const known = chain.map(({ module }) => show(module)).join(', ');
    throw new RivuletError(
      'invalid-argument',
      `config: activations names ${show(name)}; the modules are ${known}`,
    );
  }
}
