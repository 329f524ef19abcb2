/** What a state_dict does not say of its modules. */
import { parseActivation } from '../graph/activation.ts';
import type { Activation, TokenizerDefinition } from '../graph/definition.ts';
import { type Fields, readFields } from '../graph/fields.ts';
import { parseTokenizer } from '../text/tokenizer.ts';

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
  /** What becomes of the halves of a bidirectional module's last layer; `concat`, PyTorch's, where not given. */
  readonly merge?: Readonly<Record<string, PyTorchMerge>>;
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

export type PyTorchMerge = 'concat' | 'sum' | 'mul' | 'average';

export interface CheckedConfig {
  readonly order: readonly string[] | undefined;
  readonly nonlinearity: 'tanh' | 'relu';
  readonly resetAfter: boolean;
  readonly merge: ReadonlyMap<string, PyTorchMerge>;
  readonly activations: ReadonlyMap<string, Activation>;
  readonly tokenizer: TokenizerDefinition | undefined;
  readonly inputName: string | undefined;
  readonly outputName: string | undefined;
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

/** @throws RivuletError `invalid-argument`, naming the field */
export function readConfig(config: PyTorchConfig): CheckedConfig {
  return readFields(config, 'config', 'invalid-argument', (fields) => ({
    order: fields.has('order') ? fields.strings('order') : undefined,
    nonlinearity: fields.has('nonlinearity') ? fields.oneOf('nonlinearity', ['tanh', 'relu']) : 'tanh',
    resetAfter: fields.has('resetAfter') ? fields.boolean('resetAfter') : true,
    merge: byModule(fields, 'merge', (modules, module) =>
      modules.oneOf(module, ['concat', 'sum', 'mul', 'average']),
    ),
    activations: byModule(fields, 'activations', parseActivation),
    tokenizer: fields.has('tokenizer') ? parseTokenizer(fields.value('tokenizer')) : undefined,
    inputName: fields.has('inputName') ? fields.name('inputName') : undefined,
    outputName: fields.has('outputName') ? fields.name('outputName') : undefined,
    metadata: fields.has('metadata') ? fields.stringRecord('metadata') : undefined,
  }));
}

/** An option that has a value for some modules, by their names. */
export function byModule<T>(
  fields: Fields,
  option: string,
  read: (modules: Fields, module: string) => T,
): ReadonlyMap<string, T> {
  if (!fields.has(option)) return new Map();
  return fields.object(
    option,
    (modules) => new Map(modules.names().map((module) => [module, read(modules, module)])),
  );
}
