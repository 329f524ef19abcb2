import { RivuletError, show } from '../errors.ts';
import type { Application, Origin } from './value.ts';

/**
 * A name for every input and every layer: the one it was given, else its type, numbered where it is taken: `lstm`,
 * `lstm2`.
 *
 * @throws RivuletError `invalid-argument` where two were given one name
 */
export function nameOrigins(origins: readonly Origin[]): ReadonlyMap<Origin, string> {
  const names = new Map<Origin, string>();
  const taken = new Set<string>();
  for (const origin of origins) {
    const name = givenName(origin);
    if (name === undefined) continue;
    if (taken.has(name)) {
      throw new RivuletError('invalid-argument', `two layers or inputs are named ${show(name)}; rename one`);
    }
    taken.add(name);
    names.set(origin, name);
  }
  for (const origin of origins) {
    if (names.has(origin)) continue;
    const name = freeName((origin as Application).type, taken);
    taken.add(name);
    names.set(origin, name);
  }
  return names;
}

function givenName(origin: Origin): string | undefined {
  return 'input' in origin ? origin.input.name : (origin.naming?.node ?? origin.name);
}

/** `dense`, then `dense2`, `dense3` … */
function freeName(type: string, taken: ReadonlySet<string>): string {
  let name = type;
  for (let count = 2; taken.has(name); count++) name = `${type}${count}`;
  return name;
}

const RECURRENT = ['rnn', 'lstm', 'gru', 'mingru', 'minlstm'];

/**
 * The name of a tensor as PyTorch has it in a state_dict: `dense.weight`, `lstm.weight_ih_l0`, and of a backward half
 * `lstm.weight_ih_l0_reverse`.
 */
export function tensorName(type: string, module: string, role: string, layer = 0): string {
  if (!RECURRENT.includes(type)) return `${module}.${role}`;
  const [, base, reverse = ''] = /^(.*?)(_reverse)?$/.exec(role)!;
  return `${module}.${base}_l${layer}${reverse}`;
}
