/** The tensors of a state_dict grouped by module, and what each module may be. */
import { RivuletError, show } from '../errors.ts';
import type { Tensor } from '../graph/definition.ts';
import type { Module, Reading } from './connect.ts';
import type { CheckedConfig } from './pytorch-config.ts';
import { readLinear } from './pytorch-layers.ts';
import { readRecurrent } from './pytorch-recurrent.ts';

/** `lstm.weight_ih_l0` and `lstm.weight_ih_l0_reverse` of nn.LSTM, or `cell.weight_ih` of nn.LSTMCell. */
const RECURRENT =
  /^(?:(.*)\.)?(weight_ih|weight_hh|weight_hr|bias_ih|bias_hh)(?:_l(0|[1-9]\d*)(_reverse)?)?$/s;
const PLAIN = /^(?:(.*)\.)?(weight|bias|running_mean|running_var)$/s;

/** Names of tensors by role, of one module or of one recurrent layer. */
export type Roles = ReadonlyMap<string, string>;
type MutableRoles = Map<string, string>;

/** What other modules may be: those whose tensors have these roles, and no matrix among them. */
export type ReadOthers = (
  module: string,
  roles: Roles,
  tensors: ReadonlyMap<string, Tensor>,
) => readonly Reading[];

/** @returns the modules in the order of their first tensors, and the tensors that belong to none */
export function collectModules(
  tensors: ReadonlyMap<string, Tensor>,
  config: CheckedConfig,
  readOthers: ReadOthers = () => [],
): { readonly modules: readonly Module[]; readonly unknown: readonly string[] } {
  const recurrent = new Map<string, MutableRoles[]>();
  const plain = new Map<string, MutableRoles>();
  const unknown: string[] = [];
  for (const [name] of tensors) {
    const layer = RECURRENT.exec(name);
    const other = PLAIN.exec(name);
    if (layer) addLayer(recurrent, layer);
    else if (other) addPlain(plain, other);
    else unknown.push(name);
  }
  const modules: Module[] = [];
  for (const [name, layers] of recurrent) {
    modules.push({ name, readings: [readRecurrent(name, layers, tensors, config)] });
  }
  for (const [name, roles] of plain) {
    const weight = tensors.get(roles.get('weight') ?? '')?.shape;
    const isMatrix = weight?.length === 2 && !weight.includes(0) && !roles.has('running_mean');
    const readings = isMatrix ? readLinear(name, roles, weight) : readOthers(name, roles, tensors);
    if (readings.length > 0) modules.push({ name, readings });
    else unknown.push(...roles.values());
  }
  return { modules, unknown };
}

function addLayer(modules: Map<string, MutableRoles[]>, match: RegExpExecArray): void {
  const [name, module = '', role = '', index = '0', reverse = ''] = match;
  const layers = modules.get(module) ?? [];
  modules.set(module, layers);
  const layer = Number(index);
  // No stack is that deep: the limit keeps a hostile name from making a long array.
  if (layer >= 1000) throw new RivuletError('not-supported', `tensor ${show(name)}: at most 1000 layers`);
  while (layers.length <= layer) layers.push(new Map());
  const other = layers[layer]!.get(role + reverse);
  if (other !== undefined) {
    throw new RivuletError(
      'invalid-graph',
      `tensors ${show(other)} and ${show(name)} are the same tensor of one layer`,
    );
  }
  layers[layer]!.set(role + reverse, name);
}

function addPlain(modules: Map<string, MutableRoles>, match: RegExpExecArray): void {
  const [name, module = '', role = ''] = match;
  const roles: MutableRoles = modules.get(module) ?? new Map();
  modules.set(module, roles.set(role, name));
}
