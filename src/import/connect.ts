/** Modules without connections to a chain, by their sizes. */
import { RivuletError, show } from '../errors.ts';
import type { GraphNode } from '../graph/definition.ts';

/** One way to understand a module. */
export interface Reading {
  readonly module: string;
  readonly stage: (typeof STAGES)[number];
  /** Of an embedding, which takes tokens. */
  readonly vocabulary?: number;
  readonly inputSize: number;
  readonly outputSize: number;
  /** The nodes of the module, the first of which reads `input`. */
  nodes(input: string): readonly GraphNode[];
}

export interface Module {
  readonly name: string;
  /** Every way to understand it, the likeliest first. */
  readonly readings: readonly Reading[];
}

type Chain = readonly Reading[];

/** The default order. */
const STAGES = ['embedding', 'recurrent', 'linear'] as const;

/**
 * Far above what a search of a real model takes; it bounds the search where many modules have the same sizes.
 */
const MAX_VISITS = 5_000;

const GIVE_ORDER = 'give `order`, the names of the modules in the order in which they run';

/**
 * @param order the names of all modules as they run; without it the one chain in the default order is looked
 * for
 * @throws RivuletError `invalid-graph` where there is no chain or more than one, `invalid-argument` for
 * `order`
 */
export function connectModules(modules: readonly Module[], order?: readonly string[]): Chain {
  if (modules.length === 0) throw new RivuletError('invalid-graph', 'the state_dict has no modules');
  const names = new Set(modules.map(({ name }) => name));
  if (names.size < modules.length) {
    const twice = modules.find(
      ({ name }, index) => modules.findIndex((other) => other.name === name) < index,
    );
    throw new RivuletError(
      'invalid-graph',
      `module ${show(twice?.name)} has recurrent tensors and a weight of its own`,
    );
  }
  return order === undefined ? searchChain(modules) : followOrder(modules, order);
}

function followOrder(modules: readonly Module[], order: readonly string[]): Chain {
  const byName = new Map(modules.map((module) => [module.name, module]));
  const complete = order.length === modules.length && new Set(order).size === order.length;
  if (!complete || order.some((name) => !byName.has(name))) {
    throw new RivuletError(
      'invalid-argument',
      `config: order must name each module once: ${list([...byName.keys()])}; got ${list(order)}`,
    );
  }
  const ordered = order.map((name) => byName.get(name)!);
  const [first, ...rest] = ordered;
  let deepest: Chain = [];
  for (const start of first!.readings) {
    const chain = extend([start], rest);
    if (chain.length === ordered.length) return chain;
    if (chain.length > deepest.length) deepest = chain;
  }
  throw doesNotConnect(deepest, ordered[deepest.length]!);
}

/** As far as the modules connect in their order; only the first may be an embedding. */
function extend(start: Chain, modules: readonly Module[]): Chain {
  const chain = [...start];
  for (const { readings } of modules) {
    const next = readings.find((reading) => connects(chain.at(-1)!, reading));
    if (next === undefined) return chain;
    chain.push(next);
  }
  return chain;
}

function searchChain(modules: readonly Module[]): Chain {
  const found: Chain[] = [];
  let longest: Chain = [];
  let visits = 0;
  const search = (chain: Chain, rest: readonly Module[]): void => {
    visits++;
    if (found.length > 1 || visits > MAX_VISITS) return;
    if (chain.length > longest.length) longest = chain;
    if (rest.length === 0) found.push(chain);
    for (const module of rest) {
      for (const reading of module.readings) {
        if (!follows(chain.at(-1), reading)) continue;
        search(
          [...chain, reading],
          rest.filter((other) => other !== module),
        );
      }
    }
  };
  search([], modules);
  const [chain, other] = found;
  if (visits > MAX_VISITS || other !== undefined) {
    const fault =
      other === undefined ? 'are too alike to be connected by sizes' : 'connect in more than one way';
    throw new RivuletError(
      'invalid-graph',
      `the modules ${list(modules.map(({ name }) => name))} ${fault}; ${GIVE_ORDER}`,
    );
  }
  if (chain !== undefined) return chain;
  throw doesNotConnect(longest, modules.find(({ name }) => !longest.some(({ module }) => module === name))!);
}

/** In the default order, embeddings first, then recurrent layers, then linear ones. */
function follows(last: Reading | undefined, next: Reading): boolean {
  if (last === undefined) return true;
  return connects(last, next) && STAGES.indexOf(last.stage) <= STAGES.indexOf(next.stage);
}

function connects(last: Reading, next: Reading): boolean {
  return next.vocabulary === undefined && last.outputSize === next.inputSize;
}

function doesNotConnect(chain: Chain, next: Module): RivuletError {
  const last = chain.at(-1);
  const takes = next.readings.at(-1)!.inputSize;
  return new RivuletError(
    'invalid-graph',
    `module ${show(next.name)} takes ${takes} values, but ${show(last?.module)} before it ` +
      `gives ${last?.outputSize}; ` +
      `the modules do not connect by their sizes alone: ${GIVE_ORDER}, ` +
      'or leave out what does not belong to the model',
  );
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 16).map(show).join(', ');
  return names.length > 16 ? `[${shown}, …]` : `[${shown}]`;
}
