/**
 * A graph in float64: the oracle that kernels, cells, sessions and the trainer are compared with. It is written to be
 * read, and uses the host's Math.
 */
import type { Encoder, GraphInput, GraphNode, ModelDefinition } from '../../src/graph/definition.ts';
import { leaf, type Value } from './autodiff.ts';
import { compute, type Sequence } from './nodes.ts';
import { parametersOf } from './weights.ts';

/** A vector of features, or a token. */
export type ReferenceInput = number | ArrayLike<number>;

/** `<node>.<state>`, e.g. `lstm.h`, `lstm.reverse.c`. */
export type States = ReadonlyMap<string, Value>;

/** A sequence of one stream through one of the two sections of a graph. */
export interface ReferenceRun {
  /** By input or node. */
  readonly values: ReadonlyMap<string, Sequence>;
  /** As the sequence leaves them. */
  readonly states: Map<string, Value>;
  /** By recurrent node; of direction `both`, those of the backward half. */
  readonly gates: ReadonlyMap<string, Sequence>;
}

export class ReferenceGraph {
  readonly definition: ModelDefinition;
  /** By tensor, an int8 one as its numbers times the scale of their row: gradients gather here. */
  readonly parameters: ReadonlyMap<string, Value>;

  constructor(definition: ModelDefinition) {
    this.definition = definition;
    this.parameters = parametersOf(definition.tensors);
  }

  /** The encoder over a sequence; inputs by name. */
  encode(inputs: Readonly<Record<string, Sequence>>): ReferenceRun {
    const { encoder } = this.definition.graph;
    if (!encoder) throw new Error('the graph has no encoder');
    return this.#section(encoder, inputs, new Map());
  }

  /**
   * A sequence through the graph.
   *
   * @param before states that it goes on from; what is missing begins as the graph says
   */
  run(
    inputs: Readonly<Record<string, Sequence>>,
    { before = new Map(), encoded }: { before?: States; encoded?: ReferenceRun | undefined } = {},
  ): ReferenceRun {
    return this.#section(this.definition.graph, inputs, before, encoded);
  }

  #section(
    section: Encoder,
    given: Readonly<Record<string, Sequence>>,
    before: States,
    encoded?: ReferenceRun,
  ): ReferenceRun {
    if (!section.nodes.some(({ type }) => type === 'state'))
      return this.#layers(section, given, before, encoded);
    return this.#timesteps(section, given, before, encoded);
  }

  /** Timestep by timestep: what a state remembers may be of a node behind it. */
  #timesteps(
    section: Encoder,
    given: Readonly<Record<string, Sequence>>,
    before: States,
    encoded?: ReferenceRun,
  ): ReferenceRun {
    const runs: ReferenceRun[] = [];
    const [first = []] = Object.values(given);
    first.forEach((_, t) => {
      const inputs = Object.fromEntries(Object.entries(given).map(([name, x]) => [name, [x[t]!]]));
      runs.push(this.#layers(section, inputs, runs.at(-1)?.states ?? before, encoded));
    });
    const joined = (of: 'values' | 'gates') =>
      new Map(
        [...(runs[0]?.[of].keys() ?? [])].map((name) => [name, runs.flatMap((run) => run[of].get(name)!)]),
      );
    return {
      values: joined('values'),
      gates: joined('gates'),
      states: runs.at(-1)?.states ?? new Map(before),
    };
  }

  /** Layer by layer. */
  #layers(
    { inputs, nodes }: Encoder,
    given: Readonly<Record<string, Sequence>>,
    before: States,
    encoded?: ReferenceRun,
  ): ReferenceRun {
    const values = new Map<string, Sequence>(
      inputs.map((input) => [input.name, checked(input, given[input.name])]),
    );
    const states = new Map<string, Value>();
    const gates = new Map<string, Sequence>();
    for (const node of nodes) {
      const handed = handover(node, encoded);
      const value = compute(node, {
        read: (name) => lookUp(values, name),
        tensor: (name) => lookUp(this.parameters, name),
        before: (state) => before.get(`${node.name}.${state}`) ?? handed(state),
        keep: (state, last) => states.set(`${node.name}.${state}`, last),
        encoded: (name) => lookUp(encoded?.values ?? new Map(), name),
        keepGates: (sequence) => gates.set(node.name, sequence),
      });
      values.set(node.name, value);
    }
    for (const node of nodes)
      if (node.type === 'state') states.set(`${node.name}.value`, lookUp(values, node.input).at(-1)!);
    return { values, states, gates };
  }
}

/** One stream, timestep by timestep. */
export class ReferenceSession {
  /** By the names of States; those that a step has left. */
  readonly states = new Map<string, Float64Array>();
  /** By recurrent node, after the last step: the gates after their activations, concatenated in PyTorch's order. */
  readonly gates = new Map<string, Float64Array>();
  /** By input or node, after the last step: its value. */
  readonly values = new Map<string, Float64Array>();
  readonly #graph: ReferenceGraph;
  #encoded: ReferenceRun | undefined;

  constructor(definition: ModelDefinition) {
    this.#graph = new ReferenceGraph(definition);
  }

  /** The sequence of the encoder, [timesteps] of inputs; the states begin anew. */
  encode(input: readonly ReferenceInput[]): void {
    const { encoder } = this.#graph.definition.graph;
    this.#encoded = this.#graph.encode({ [only(encoder?.inputs ?? []).name]: input.map(inputValue) });
    this.states.clear();
  }

  /** A timestep of a graph with one input; gives the first output. */
  step(input: ReferenceInput): Float64Array {
    const { inputs, outputs } = this.#graph.definition.graph;
    return this.stepNamed({ [only(inputs).name]: input })[outputs[0]!.name]!;
  }

  /** A timestep: inputs by name to outputs by name. */
  stepNamed(inputs: Readonly<Record<string, ReferenceInput>>): Record<string, Float64Array> {
    const sequences = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, [inputValue(x)]]));
    const before = new Map([...this.states].map(([name, values]) => [name, leaf(values)]));
    const run = this.#graph.run(sequences, { before, encoded: this.#encoded });
    for (const [name, { data }] of run.states) this.states.set(name, data);
    for (const [name, [value]] of run.values) this.values.set(name, value!.data);
    for (const [name, [value]] of run.gates) this.gates.set(name, value!.data);
    const { outputs } = this.#graph.definition.graph;
    return Object.fromEntries(outputs.map(({ name, from }) => [name, lookUp(this.values, from).slice()]));
  }

  /** As in a new session. */
  reset(): void {
    this.states.clear();
    this.gates.clear();
    this.values.clear();
  }
}

/** A matrix [timesteps, size] as a sequence; size is 1 of tokens. */
export function sequenceOf(values: ArrayLike<number>, size: number): Value[] {
  const all = Float64Array.from(values);
  return Array.from({ length: all.length / size }, (_, t) => leaf(all.subarray(t * size, (t + 1) * size)));
}

/** The initial state of a node that the encoder hands over: a state of it, or the last value of one of its nodes. */
function handover(node: GraphNode, encoded: ReferenceRun | undefined): (state: string) => Value | undefined {
  const initial = 'initial' in node ? (node.initial ?? {}) : {};
  return (state) => {
    const source = initial[state];
    if (source === undefined) return undefined;
    if (!encoded)
      throw new Error(`${node.name}.${state} begins with ${source}, and nothing has been encoded`);
    return encoded.states.get(source) ?? lookUp(encoded.values, source).at(-1);
  };
}

function checked({ name, kind, size }: GraphInput, sequence: Sequence | undefined): Sequence {
  if (sequence === undefined) throw new Error(`no value for the input ${name}`);
  const length = kind === 'tokens' ? 1 : size;
  const wrong = sequence.find((value) => value.size !== length);
  if (wrong) throw new Error(`input ${name}: ${length} expected, ${wrong.size} came`);
  return sequence;
}

function inputValue(input: ReferenceInput): Value {
  return leaf(typeof input === 'number' ? [input] : input);
}

function only(inputs: readonly GraphInput[]): GraphInput {
  if (inputs.length !== 1) throw new Error(`exactly one input expected, the graph has ${inputs.length}`);
  return inputs[0]!;
}

function lookUp<T>(values: ReadonlyMap<string, T>, name: string): T {
  const value = values.get(name);
  if (value === undefined) throw new Error(`nothing named ${name} has been computed before it is read`);
  return value;
}
