/** The tensors of a state_dict grouped by module, and what each module may be. */
import { RivuletError, show } from '../errors.ts';
import type { GraphNode, RecurrentTensors, Tensor } from '../graph/definition.ts';
import { GATES } from '../graph/nodes/recurrent.ts';
import { formatShape } from '../graph/tensor.ts';
import type { Module, Reading } from './connect.ts';

export interface RecurrentOptions {
  readonly nonlinearity: 'tanh' | 'relu';
  readonly resetAfter: boolean;
}

type Role = keyof RecurrentTensors;

/** `lstm.weight_ih_l0` of nn.LSTM, or `cell.weight_ih` of nn.LSTMCell. */
const RECURRENT = /^(?:(.*)\.)?(weight_ih|weight_hh|bias_ih|bias_hh)(?:_l(0|[1-9]\d*))?$/s;
const LINEAR = /^(?:(.*)\.)?(weight|bias)$/s;
const REVERSE = /^(?:.*\.)?(?:weight|bias)_(?:ih|hh|hr)_l\d+_reverse$/s;
const PROJECTION = /^(?:.*\.)?weight_hr_l\d+$/s;

/** Names of tensors by role, of one linear or embedding module or of one recurrent layer. */
type Roles = Map<string, string>;

/** @returns the modules in the order of their first tensors, and the tensors that belong to none */
export function collectModules(
  tensors: ReadonlyMap<string, Tensor>,
  options: RecurrentOptions,
): { readonly modules: readonly Module[]; readonly unknown: readonly string[] } {
  const recurrent = new Map<string, Roles[]>();
  const linear = new Map<string, Roles>();
  const unknown: string[] = [];
  for (const [name] of tensors) {
    refuseVariants(name);
    const layer = RECURRENT.exec(name);
    const plain = LINEAR.exec(name);
    if (layer) addLayer(recurrent, layer);
    else if (plain) addPlain(linear, plain);
    else unknown.push(name);
  }
  const modules: Module[] = [];
  for (const [name, layers] of recurrent) {
    modules.push({ name, readings: [readRecurrent(name, layers, tensors, options)] });
  }
  for (const [name, roles] of linear) {
    const readings = readLinear(name, roles, tensors);
    if (readings.length > 0) modules.push({ name, readings });
    else unknown.push(...roles.values());
  }
  return { modules, unknown };
}

function refuseVariants(name: string): void {
  if (REVERSE.test(name)) {
    throw new RivuletError('not-supported', `tensor ${show(name)}: bidirectional layers are not supported`);
  }
  if (PROJECTION.test(name)) {
    throw new RivuletError(
      'not-supported',
      `tensor ${show(name)}: LSTM projections (proj_size) are not supported`,
    );
  }
}

function addLayer(modules: Map<string, Roles[]>, match: RegExpExecArray): void {
  const [name, module = '', role = '', index = '0'] = match;
  const layers = modules.get(module) ?? [];
  modules.set(module, layers);
  const layer = Number(index);
  // No stack is that deep: the limit keeps a hostile name from making a long array.
  if (layer >= 1000) throw new RivuletError('not-supported', `tensor ${show(name)}: at most 1000 layers`);
  while (layers.length <= layer) layers.push(new Map());
  const other = layers[layer]!.get(role);
  if (other !== undefined) {
    throw new RivuletError(
      'invalid-graph',
      `tensors ${show(other)} and ${show(name)} are the same tensor of one layer`,
    );
  }
  layers[layer]!.set(role, name);
}

function addPlain(modules: Map<string, Roles>, match: RegExpExecArray): void {
  const [name, module = '', role = ''] = match;
  const roles: Roles = modules.get(module) ?? new Map();
  modules.set(module, roles.set(role, name));
}

function readRecurrent(
  module: string,
  layers: readonly Roles[],
  tensors: ReadonlyMap<string, Tensor>,
  options: RecurrentOptions,
): Reading {
  const cells = layers.map((roles, index) => readCell(module, index, roles, tensors));
  const nodeName = (index: number): string => {
    const name = module || cells[index]!.type;
    return cells.length === 1 ? name : `${name}.l${index}`;
  };
  return {
    module,
    stage: 'recurrent',
    inputSize: cells[0]!.inputSize,
    outputSize: cells.at(-1)!.hidden,
    nodes: (input) =>
      cells.map(({ type, roles }, index): GraphNode => {
        const head = {
          name: nodeName(index),
          input: index === 0 ? input : nodeName(index - 1),
          tensors: roles,
        };
        if (type === 'rnn') return { ...head, type, nonlinearity: options.nonlinearity };
        if (type === 'gru') return { ...head, type, resetAfter: options.resetAfter };
        return { ...head, type };
      }),
  };
}

interface Cell {
  readonly type: keyof typeof GATES;
  readonly roles: RecurrentTensors;
  readonly inputSize: number;
  readonly hidden: number;
}

function readCell(module: string, layer: number, names: Roles, tensors: ReadonlyMap<string, Tensor>): Cell {
  const [, inputSize] = matrixShape('weight_ih', module, layer, names, tensors);
  const [rows, hidden] = matrixShape('weight_hh', module, layer, names, tensors);
  const type = (['rnn', 'gru', 'lstm'] as const).find((cell) => rows === GATES[cell] * hidden);
  if (type === undefined) {
    throw new RivuletError(
      'invalid-graph',
      `tensor ${show(names.get('weight_hh'))}: expected [hidden, hidden] of an RNN, [3*hidden, hidden] of a GRU or ` +
        `[4*hidden, hidden] of an LSTM, got ${formatShape([rows, hidden])}`,
    );
  }
  return { type, roles: Object.fromEntries(names) as unknown as RecurrentTensors, inputSize, hidden };
}

function matrixShape(
  role: Role,
  module: string,
  layer: number,
  names: Roles,
  tensors: ReadonlyMap<string, Tensor>,
): readonly [rows: number, columns: number] {
  const name = names.get(role);
  if (name === undefined) {
    throw new RivuletError('missing-tensor', `module ${show(module)}: layer ${layer} has no ${role}`);
  }
  const { shape } = tensors.get(name)!;
  const [rows, columns] = shape;
  if (rows === undefined || columns === undefined || shape.length !== 2) {
    throw new RivuletError(
      'wrong-shape',
      `tensor ${show(name)}: expected a matrix, got ${formatShape(shape)}`,
    );
  }
  return [rows, columns];
}

/**
 * What a module with a `weight` may be: nothing that we know, a linear layer, or without bias an embedding
 * too.
 */
function readLinear(module: string, roles: Roles, tensors: ReadonlyMap<string, Tensor>): readonly Reading[] {
  const weight = roles.get('weight');
  const bias = roles.get('bias');
  const shape = tensors.get(weight ?? '')?.shape;
  const [rows, columns] = shape ?? [];
  if (weight === undefined || rows === undefined || columns === undefined || shape?.length !== 2) return [];
  const dense: Reading = {
    module,
    stage: 'linear',
    inputSize: columns,
    outputSize: rows,
    nodes: (input) => [
      {
        name: module || 'linear',
        type: 'dense',
        input,
        tensors: { weight, ...(bias !== undefined && { bias }) },
      },
    ],
  };
  if (bias !== undefined) return [dense];
  const embedding: Reading = {
    module,
    stage: 'embedding',
    vocabulary: rows,
    inputSize: rows,
    outputSize: columns,
    nodes: (input) => [{ name: module || 'embedding', type: 'embedding', input, tensors: { weight } }],
  };
  return [embedding, dense];
}
