/**
 * A PyTorch `state_dict` saved as safetensors, to a graph. A state_dict has names and shapes, but not how the
 * modules are connected; what the shapes leave open is refused rather than guessed, and `order` decides it.
 */
import { RivuletError, show } from '../errors.ts';
import { refuseForeign } from '../formats/detect.ts';
import { parseSafetensors, type SafetensorsFile } from '../formats/safetensors.ts';
import { resolveActivation } from '../graph/activation.ts';
import type { Activation, GraphNode, ModelDefinition, Tensor } from '../graph/definition.ts';
import { formatShape } from '../graph/tensor.ts';
import { inferShapes } from '../graph/validate.ts';
import { connectModules } from './connect.ts';
import { type PyTorchConfig, readConfig } from './pytorch-config.ts';
import { collectModules, type ReadOthers } from './pytorch-modules.ts';

export type { PyTorchConfig, PyTorchMerge } from './pytorch-config.ts';

/**
 * The modules nn.RNN, nn.LSTM, nn.GRU (any depth and direction, with projections, and the cells), nn.Embedding and
 * nn.Linear of a state_dict; `convert` of rivulet/convert reads nn.Conv1d, nn.BatchNorm1d and nn.LayerNorm too. A
 * recurrent layer becomes the node `<module>`, or `<module>.l0`, `<module>.l1` … where the module has several; tensors keep
 * their names. The numbers of gates follow from the shapes: 1 is an RNN, 3 a GRU, 4 an LSTM.
 *
 * @param source the bytes of a safetensors file, or tensors by name
 * @throws RivuletError `invalid-graph` where the modules do not connect or connect in several ways,
 * `not-supported` for tensors of other modules and for modules of which `config` does not say enough, `missing-tensor`,
 * `wrong-shape`, `invalid-argument` for `config`, `invalid-tokenizer`, and what reading a file throws
 */
export function importPyTorch(
  source: Uint8Array | ReadonlyMap<string, Tensor>,
  config: PyTorchConfig = {},
): ModelDefinition {
  return importStateDict(readStateDict(source), config);
}

/** Modules beside those of the core. */
export interface Extension {
  readonly read: ReadOthers;
  /** Its options that name modules. */
  readonly options: Readonly<Record<string, ReadonlyMap<string, unknown>>>;
  readonly inputSize: number | undefined;
  /** Takes the names of tensors of no module, which are left out; without it they are refused. */
  readonly unused: string[] | undefined;
}

/** The same, with modules that the core does not know. */
export function importStateDict(
  { tensors, metadata: fileMetadata }: SafetensorsFile,
  config: PyTorchConfig,
  extension?: Extension,
): ModelDefinition {
  const checked = readConfig(config);
  const { order, merge, activations, tokenizer, inputName, outputName, metadata } = checked;
  const { modules, unknown } = collectModules(tensors, checked, extension?.read);
  if (extension?.unused) extension.unused.push(...unknown);
  else refuseUnknown(unknown, tensors);
  const chain = connectModules(modules, order, extension?.inputSize);
  refuseUnknownModules({ merge, activations, ...extension?.options }, chain);
  const { vocabulary, input: first } = chain[0]!;
  const input = inputName ?? (vocabulary === undefined ? 'input' : 'tokens');
  const nodes: GraphNode[] = [];
  const all = new Map(tensors);
  for (const name of unknown) all.delete(name);
  for (const link of chain) {
    nodes.push(...link.nodes(nodes.at(-1)?.name ?? input, link.input));
    for (const [name, tensor] of link.tensors ?? []) all.set(name, tensor);
    const activation = activations.get(link.module);
    if (activation !== undefined) applyActivation(nodes, activation);
  }
  const last = nodes.at(-1)!;
  const isLanguageModel =
    last.type === 'dense' && last.activation !== 'softmax' && chain.at(-1)!.output.size === vocabulary;
  const rest = { ...fileMetadata, ...metadata };
  const definition: ModelDefinition = {
    graph: {
      inputs: [
        {
          name: input,
          kind: vocabulary === undefined ? 'features' : 'tokens',
          size: vocabulary ?? first.size,
        },
      ],
      outputs: [{ name: outputName ?? (isLanguageModel ? 'logits' : 'output'), from: last.name }],
      nodes,
    },
    tensors: all,
    ...(tokenizer && { tokenizer }),
    ...(Object.keys(rest).length > 0 && { metadata: rest }),
  };
  inferShapes(definition);
  return definition;
}

/** @param leaveOut names of tensors that are not read, whatever their dtype */
export function readStateDict(
  source: Uint8Array | ReadonlyMap<string, Tensor>,
  leaveOut?: (name: string) => boolean,
): SafetensorsFile {
  if (!ArrayBuffer.isView(source)) {
    if (typeof source?.get === 'function') return { tensors: new Map(source), metadata: {} };
    throw new RivuletError(
      'invalid-argument',
      `source must be a Uint8Array or a Map of tensors, got ${show(source)}`,
    );
  }
  refuseForeign(source);
  const { tensors, metadata } = parseSafetensors(source, leaveOut);
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
      `${names.length > 8 ? ', …' : ''}; RNN, LSTM, GRU, Embedding and Linear can be, and by rivulet/convert Conv1d, BatchNorm1d and LayerNorm. ` +
      'Leave out what the model does not need',
  );
}

/** Fused where the last node is a product, else a node of its own. */
function applyActivation(nodes: GraphNode[], activation: Activation): void {
  const last = nodes.at(-1)!;
  if (last.type === 'dense' || last.type === 'convolution' || last.type === 'frame-convolution') {
    nodes[nodes.length - 1] = { ...last, activation };
    return;
  }
  const name = `${last.name}.${resolveActivation(activation).name}`;
  nodes.push({ name, type: 'activation', input: last.name, activation });
}

/** @param options those that name modules */
function refuseUnknownModules(
  options: Readonly<Record<string, ReadonlyMap<string, unknown>>>,
  chain: readonly { readonly module: string }[],
): void {
  const known = new Set(chain.map(({ module }) => module));
  for (const [option, modules] of Object.entries(options)) {
    for (const name of modules.keys()) {
      if (known.has(name)) continue;
      throw new RivuletError(
        'invalid-argument',
        `config: ${option} names ${show(name)}; the modules are ${[...known].map(show).join(', ')}`,
      );
    }
  }
}
