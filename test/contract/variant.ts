/** Small models around one type of node, of random weights: what the contract suite runs. */
import type {
  Activation,
  Encoder,
  GateActivation,
  GraphInput,
  GraphNode,
  ModelDefinition,
  Tensor,
} from '../../src/graph/definition.ts';
import type { ReferenceLoss } from '../reference/backward/graph.ts';
import { Random } from '../reference/random.ts';

/** A model of one input and one output, which is that of its last node. */
export interface Variant extends VariantOptions {
  /** What is special about it: options and sizes. */
  readonly name: string;
  readonly definition: ModelDefinition;
}

export interface VariantOptions {
  /** Mean squared error unless given. */
  readonly loss?: ReferenceLoss;
  /** Why the reference does not give its gradients. */
  readonly untrained?: string;
  /** The model whose slopes its gradients are defined to be, where its own are none. */
  readonly slopesOf?: ModelDefinition;
}

/** A node before it has a name and reads anything. */
type Fields<N> = N extends GraphNode ? Omit<N, 'name' | 'input' | 'inputs' | 'tensors' | 'type'> : never;
type Cell = 'rnn' | 'lstm' | 'gru' | 'mingru' | 'minlstm';
type CellFields<C extends Cell> = Fields<Extract<GraphNode, { type: C }>> & {
  /** Size of h where an LSTM projects it. */
  readonly projected?: number;
};

const BLOCKS = { rnn: 1, lstm: 4, gru: 3, mingru: 2, minlstm: 3 } as const;

export function features(size: number): GraphInput {
  return { name: 'input', kind: 'features', size };
}

export function tokens(size: number): GraphInput {
  return { name: 'input', kind: 'tokens', size };
}

/** In the names of variants: `relu`, `{type:elu,alpha:0.5}`. */
export function title(activation: GateActivation | Activation): string {
  return JSON.stringify(activation).replaceAll('"', '');
}

/** A variant whose weights follow from its name. */
export function variant(
  name: string,
  input: GraphInput,
  draw: (draft: Draft) => void,
  options: VariantOptions = {},
): Variant {
  const draft = new Draft(input, seedOf(name));
  draw(draft);
  return { name, definition: draft.definition(), ...options };
}

/** A model while its nodes are added, each reading the one before unless it says otherwise. */
export class Draft {
  /** What the next node reads. */
  last: string;
  readonly #random: Random;
  readonly #tensors = new Map<string, Tensor>();
  #input: GraphInput;
  #nodes: GraphNode[] = [];
  #encoder: Encoder | undefined;

  constructor(input: GraphInput, seed: number) {
    this.#input = input;
    this.#random = new Random(seed);
    this.last = input.name;
  }

  /** Adds a tensor U(middle - bound, middle + bound) and gives its name. */
  tensor(name: string, shape: readonly number[], bound: number, middle = 0): string {
    const count = shape.reduce((product, size) => product * size, 1);
    const data = this.#random.uniforms(count, middle - bound, middle + bound);
    this.#tensors.set(name, { dtype: 'F32', shape, data });
    return name;
  }

  add(node: GraphNode): this {
    this.#nodes.push(node);
    this.last = node.name;
    return this;
  }

  dense(
    name: string,
    inputs: number,
    units: number,
    more: Fields<Extract<GraphNode, { type: 'dense' }>> = {},
  ): this {
    const weight = this.tensor(`${name}.weight`, [units, inputs], 1.5 / Math.sqrt(inputs));
    const bias = this.tensor(`${name}.bias`, [units], 0.5);
    return this.add({ ...more, type: 'dense', name, input: this.last, tensors: { weight, bias } });
  }

  embedding(name: string, vocabulary: number, size: number): this {
    const weight = this.tensor(`${name}.weight`, [vocabulary, size], 1);
    return this.add({ type: 'embedding', name, input: this.last, tensors: { weight } });
  }

  /** A cell with the tensors that it must have and those of the roles; of both halves, where it goes both ways. */
  cell<C extends Cell>(
    type: C,
    name: string,
    inputs: number,
    hidden: number,
    { projected = hidden, ...fields }: CellFields<C>,
    roles: readonly string[] = ['bias_ih', 'bias_hh'],
  ): this {
    const blocks = BLOCKS[type] - ('coupled' in fields && fields.coupled ? 1 : 0);
    const recurrent = type === 'mingru' || type === 'minlstm' ? [] : ['weight_hh'];
    const tensors: Record<string, string> = {};
    const halves = 'direction' in fields && fields.direction === 'both' ? ['', '_reverse'] : [''];
    for (const half of halves) {
      for (const role of ['weight_ih', ...recurrent, ...roles]) {
        const shape = shapeOf(role, blocks * hidden, inputs, hidden, projected);
        const bound = role.startsWith('weight') ? 1.5 / Math.sqrt(shape.at(-1)!) : 0.5;
        // At 1 the recurrent path would magnify roundings from timestep to timestep.
        const middle = /^norm.*weight$/.test(role) ? 0.5 : 0;
        tensors[role + half] = this.tensor(
          `${name}.${role}${half}`,
          shape,
          middle === 0 ? bound : middle / 2,
          middle,
        );
      }
    }
    // The roles are those of the cell; TypeScript cannot follow that through their names.
    return this.add({ ...fields, type, name, input: this.last, tensors } as unknown as GraphNode);
  }

  /** What has been added so far becomes the encoder of what follows, which reads an input of its own. */
  endEncoder(input: GraphInput): this {
    this.#encoder = { inputs: [this.#input], nodes: this.#nodes };
    this.#input = input;
    this.#nodes = [];
    this.last = input.name;
    return this;
  }

  definition(): ModelDefinition {
    const graph = {
      ...(this.#encoder && { encoder: this.#encoder }),
      inputs: [this.#input],
      outputs: [{ name: 'output', from: this.last }],
      nodes: this.#nodes,
    };
    return { graph, tensors: this.#tensors };
  }
}

function shapeOf(role: string, rows: number, inputs: number, hidden: number, projected: number): number[] {
  switch (role) {
    case 'weight_ih':
      return [rows, inputs];
    case 'weight_hh':
      return [rows, projected];
    case 'weight_hr':
      return [projected, hidden];
    case 'h0':
      return [projected];
    case 'c0':
    case 'norm_c_weight':
    case 'norm_c_bias':
      return [hidden];
    case 'peephole':
      return [3 * hidden];
    default:
      return [rows];
  }
}

/** FNV-1a, so that a variant keeps its weights whatever stands before it. */
function seedOf(name: string): number {
  let hash = 0x811c9dc5;
  for (const character of name) hash = Math.imul(hash ^ character.codePointAt(0)!, 0x01000193);
  return hash;
}
