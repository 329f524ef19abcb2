/** Modules without connections to a chain, by their sizes. */
import { RivuletError, show } from '../errors.ts';
import type { GraphNode, Tensor } from '../graph/definition.ts';

/** What a module gives: `size` values each timestep, of a frame [channels][size / channels] behind a convolution. */
export interface Shape {
  readonly size: number;
  readonly channels?: number;
}

/** One way to understand a module. */
export interface Reading {
  readonly module: string;
  /** `other`: where it stands is not guessed. */
  readonly stage: (typeof STAGES)[number] | 'other';
  /** Of an embedding, which takes tokens. */
  readonly vocabulary?: number;
  /** Undefined where the module takes frames of any width. */
  readonly inputSize: number | undefined;
  /** What the module makes of an input, or undefined where it does not take it. */
  outputOf(input: Shape): Shape | undefined;
  /** The nodes of the module, the first of which reads `input`. */
  nodes(input: string, shape: Shape): readonly GraphNode[];
  /** What the nodes need beside the tensors of the file. */
  readonly tensors?: ReadonlyMap<string, Tensor>;
}

export interface Module {
  readonly name: string;
  /** Every way to understand it, the likeliest first. */
  readonly readings: readonly Reading[];
}

/** A module where it stands. */
export interface Link extends Reading {
  readonly input: Shape;
  readonly output: Shape;
}

type Chain = readonly Link[];

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
 * @param inputSize values each timestep, where the first module takes frames of any width
 * @throws RivuletError `invalid-graph` where there is no chain or more than one, `invalid-argument` for
 * `order`
 */
export function connectModules(
  modules: readonly Module[],
  order?: readonly string[],
  inputSize?: number,
): Chain {
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
  if (order !== undefined) return followOrder(modules, order, inputSize);
  const free = modules.find(({ readings }) => readings.some(({ stage }) => stage === 'other'));
  if (free === undefined) return searchChain(modules, inputSize);
  throw new RivuletError(
    'invalid-graph',
    `module ${show(free.name)} is no embedding, recurrent or linear layer, so that its place is not known; ${GIVE_ORDER}`,
  );
}

function followOrder(
  modules: readonly Module[],
  order: readonly string[],
  inputSize: number | undefined,
): Chain {
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
  const starts = first!.readings.filter((reading) => takesSize(reading, inputSize));
  for (const start of starts.length > 0 ? starts : first!.readings) {
    const chain = extend([begin(start, inputSize)], rest);
    if (chain.length === ordered.length) return chain;
    if (chain.length > deepest.length) deepest = chain;
  }
  throw doesNotConnect(deepest, ordered[deepest.length]!);
}

/** As far as the modules connect in their order; only the first may be an embedding. */
function extend(start: Chain, modules: readonly Module[]): Chain {
  const chain = [...start];
  for (const { readings } of modules) {
    const next = firstOf(readings, (reading) => connect(chain.at(-1)!, reading));
    if (next === undefined) return chain;
    chain.push(next);
  }
  return chain;
}

function firstOf<T, R>(values: readonly T[], map: (value: T) => R | undefined): R | undefined {
  for (const value of values) {
    const result = map(value);
    if (result !== undefined) return result;
  }
  return undefined;
}

function takesSize(reading: Reading, size: number | undefined): boolean {
  return size === undefined || reading.inputSize === undefined || reading.inputSize === size;
}

/** The first module, which takes what the model takes. */
function begin(reading: Reading, inputSize: number | undefined): Link {
  const size = reading.inputSize ?? inputSize;
  if (size === undefined) {
    throw new RivuletError(
      'invalid-argument',
      `config: module ${show(reading.module)} stands first and takes frames of any width; give \`inputSize\`, ` +
        'the values of one timestep',
    );
  }
  const input = { size };
  const output = size === (inputSize ?? size) ? reading.outputOf(input) : undefined;
  if (output !== undefined) return { ...reading, input, output };
  throw new RivuletError(
    'invalid-argument',
    `config: inputSize is ${inputSize}, which module ${show(reading.module)}, the first, does not take` +
      (reading.inputSize === undefined ? '' : `; it takes ${reading.inputSize}`),
  );
}

function searchChain(modules: readonly Module[], inputSize: number | undefined): Chain {
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
        const link = follow(chain.at(-1), reading);
        if (link === undefined) continue;
        search(
          [...chain, link],
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
  if (chain !== undefined) return [begin(chain[0]!, inputSize), ...chain.slice(1)];
  throw doesNotConnect(longest, modules.find(({ name }) => !longest.some(({ module }) => module === name))!);
}

/** In the default order, embeddings first, then recurrent layers, then linear ones. */
function follow(last: Link | undefined, next: Reading): Link | undefined {
  if (last === undefined) return begin(next, undefined);
  const stages: readonly string[] = STAGES;
  return stages.indexOf(last.stage) <= stages.indexOf(next.stage) ? connect(last, next) : undefined;
}

function connect(last: Link, next: Reading): Link | undefined {
  const input = last.output;
  const output = next.vocabulary === undefined ? next.outputOf(input) : undefined;
  return output && { ...next, input, output };
}

function doesNotConnect(chain: Chain, next: Module): RivuletError {
  const last = chain.at(-1);
  const { inputSize } = next.readings.at(-1)!;
  const takes = inputSize === undefined ? 'other frames' : `${inputSize} values`;
  return new RivuletError(
    'invalid-graph',
    `module ${show(next.name)} takes ${takes}, but ${show(last?.module)} before it gives ${describeShape(last?.output)}; ` +
      `the modules do not connect by their sizes alone: ${GIVE_ORDER}, ` +
      'or leave out what does not belong to the model',
  );
}

function describeShape(shape: Shape | undefined): string {
  if (shape === undefined) return 'nothing';
  const { size, channels } = shape;
  return channels === undefined ? `${size}` : `${size}, ${channels} channels of ${size / channels}`;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, 16).map(show).join(', ');
  return names.length > 16 ? `[${shown}, …]` : `[${shown}]`;
}
