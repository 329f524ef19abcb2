/** rnn, lstm and gru of ours to ONNX's: the gates in ONNX's order, both directions in one operator. */
import type { GruNode, LstmNode, RecurrentNode, RnnNode } from '../../../graph/definition.ts';
import { gateActivations } from './activations.ts';
import { refuse, type WriteContext } from './context.ts';
import type { Attribute } from './graph-writer.ts';

/** The block of ours that a block of ONNX's is, perhaps with the other sign; undefined for zeros. */
type Order = readonly ({ readonly from: number; readonly negative?: true } | undefined)[];

const of = (...blocks: number[]): Order => blocks.map((from) => ({ from }));

/** i, f, g, o to i, o, f, c; coupled f, g, o: f = 1 - i there and i = 1 - f here, so i's rows are f's with the other sign. */
const LSTM = of(0, 3, 1, 2);
const COUPLED: Order = [{ from: 0, negative: true }, { from: 2 }, undefined, { from: 1 }];
/** i, f, o to i, o, f. */
const PEEPHOLE = of(0, 2, 1);
const COUPLED_PEEPHOLE: Order = [{ from: 1, negative: true }, { from: 2 }, undefined];
/** r, z, n to z, r, h. */
const GRU = of(1, 0, 2);

type Cell = RnnNode | LstmNode | GruNode;

const REFUSED = [
  ['weight_hr', 'a projection'],
  ['norm_ih_weight', 'a layer norm'],
  ['norm_hh_weight', 'a layer norm'],
  ['norm_c_weight', 'a layer norm'],
] as const;

export function writeLstm(node: LstmNode, context: WriteContext): string {
  const tensors: Readonly<Record<string, string | undefined>> = { ...node.tensors };
  for (const [role, what] of REFUSED)
    if (tensors[role] !== undefined) throw refuse(node, `${what} in the cell; ONNX's LSTM has none`);
  if (node.cellClip !== undefined) throw refuse(node, "cellClip; ONNX's LSTM has none");
  const {
    gateActivation = 'sigmoid',
    candidateActivation = 'tanh',
    outputActivation = 'tanh',
    coupled,
  } = node;
  if (coupled && gateActivation !== 'sigmoid')
    throw refuse(node, 'coupled gates with another activation than sigmoid: ONNX couples the other gate');
  return writeCell(node, context, {
    operator: 'LSTM',
    order: coupled ? COUPLED : LSTM,
    peephole: coupled ? COUPLED_PEEPHOLE : PEEPHOLE,
    states: ['h', 'c'],
    attributes: {
      ...gateActivations(node, [gateActivation, candidateActivation, outputActivation], directionsOf(node)),
      ...(coupled && { input_forget: 1 }),
      ...(node.gateClip !== undefined && { clip: { float: node.gateClip } }),
    },
  });
}

export function writeGru(node: GruNode, context: WriteContext): string {
  const { gateActivation = 'sigmoid', candidateActivation = 'tanh', resetAfter, gateClip } = node;
  return writeCell(node, context, {
    operator: 'GRU',
    order: GRU,
    states: ['h'],
    attributes: {
      ...gateActivations(node, [gateActivation, candidateActivation], directionsOf(node)),
      linear_before_reset: resetAfter ? 1 : 0,
      ...(gateClip !== undefined && { clip: { float: gateClip } }),
    },
  });
}

export function writeRnn(node: RnnNode, context: WriteContext): string {
  const attributes = gateActivations(node, [node.nonlinearity], directionsOf(node));
  return writeCell(node, context, { operator: 'RNN', order: of(0), states: ['h'], attributes });
}

function directionsOf({ direction }: RecurrentNode): 1 | 2 {
  return direction === 'both' ? 2 : 1;
}

interface Operator {
  readonly operator: string;
  readonly order: Order;
  readonly peephole?: Order;
  readonly states: readonly ('h' | 'c')[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

const DIRECTIONS = { forward: 'forward', backward: 'reverse', both: 'bidirectional' } as const;

function writeCell(node: Cell, context: WriteContext, operator: Operator): string {
  const { graph, name, input, timestep, tensor } = context;
  const { direction = 'forward' } = node;
  if (node.initial) throw refuse(node, 'states that begin with those of an encoder; ONNX has one graph');
  if (timestep && direction !== 'forward')
    throw refuse(node, `direction ${direction} in a call of one timestep`);
  const weights = new Weights(node, context);
  const hidden = tensor(node.tensors.weight_hh).shape[1]!;
  const directions = directionsOf(node);
  const initial = operator.states.map((state) => initialState(node, context, state, [directions, hidden]));
  const inputs = [
    input,
    weights.add('weight_ih', operator.order, hidden),
    weights.add('weight_hh', operator.order, hidden),
    weights.biases(operator.order, hidden),
    '',
    ...initial,
    ...(operator.peephole ? [weights.add('peephole', operator.peephole, hidden)] : []),
  ];
  while (inputs.at(-1) === '') inputs.pop();
  const attributes = { ...operator.attributes, direction: DIRECTIONS[direction], hidden_size: hidden };
  const names = [`${name}/Y`, ...operator.states.map((state) => `${name}/Y_${state}`)];
  const [y, ...ends] = graph.ops(operator.operator, names, inputs, attributes);
  if (timestep)
    operator.states.forEach((state, i) => {
      graph.output(`state.${name}.${state}.next`, ends[i]!, [1, 1, hidden]);
    });
  return merged(node, context, y!);
}

/** [directions, batch, hidden]: an input of a call of one timestep; else h0 and c0 for each sequence of the batch. */
function initialState(
  node: Cell,
  { graph, name, input, timestep, tensor }: WriteContext,
  state: 'h' | 'c',
  [directions, hidden]: readonly [number, number],
): string {
  if (timestep) return graph.input(`state.${name}.${state}`, [1, 1, hidden]);
  const tensors: Readonly<Record<string, string | undefined>> = { ...node.tensors };
  const roles = directions === 2 ? [`${state}0`, `${state}0_reverse`] : [`${state}0`];
  if (roles.every((role) => tensors[role] === undefined)) return '';
  const data = new Float32Array(directions * hidden);
  roles.forEach((role, half) => {
    const own = tensors[role];
    if (own !== undefined) data.set(tensor(own).data, half * hidden);
  });
  const one = graph.floats(`${name}/${state}0`, [directions, 1, hidden], data);
  const shape = graph.op('Shape', `${name}/shape`, [input]);
  const batch = graph.op('Gather', `${name}/batch`, [shape, graph.integers(`${name}/axis`, [1])], {
    axis: 0,
  });
  const sizes = [
    graph.integers(`${name}/directions`, [directions]),
    batch,
    graph.integers(`${name}/hidden`, [hidden]),
  ];
  const wanted = graph.op('Concat', `${name}/${state}0/shape`, sizes, { axis: 0 });
  return graph.op('Expand', `${name}/initial_${state}`, [one, wanted]);
}

/** Y [time, directions, batch, hidden] as the value of our node. */
function merged(node: Cell, { graph, name }: WriteContext, y: string): string {
  const axes = graph.integers(`${name}/directions`, [1]);
  if (node.direction !== 'both') return graph.op('Squeeze', name, [y, axes]);
  const { merge = 'concat' } = node;
  if (merge === 'concat') {
    const moved = graph.op('Transpose', `${name}/moved`, [y], { perm: [0, 2, 1, 3] });
    return graph.op('Reshape', name, [moved, graph.integers(`${name}/shape`, [0, 0, -1])]);
  }
  if (merge === 'sum') return graph.op('ReduceSum', name, [y, axes], { keepdims: 0 });
  const operator = merge === 'mul' ? 'ReduceProd' : 'ReduceMean';
  return graph.op(operator, name, [y], { axes: [1], keepdims: 0 });
}

/** Tensors of both directions, one behind the other. */
class Weights {
  readonly #node: Cell;
  readonly #context: WriteContext;

  constructor(node: Cell, context: WriteContext) {
    this.#node = node;
    this.#context = context;
  }

  /** [directions, rows, columns] or, of a vector, [directions, rows]; '' where the node has none. */
  add(role: string, order: Order, hidden: number): string {
    const tensors: Readonly<Record<string, string | undefined>> = { ...this.#node.tensors };
    const name = tensors[role];
    if (name === undefined) return '';
    const columns = this.#context.tensor(name).shape.slice(1);
    const rows = this.#halves.flatMap((half) => [
      ...this.#blocks(`${role}${half}`, order, hidden, columns[0] ?? 1),
    ]);
    const { graph, name: node } = this.#context;
    const shape = [this.#halves.length, order.length * hidden, ...columns];
    return graph.floats(`${node}/${role}`, shape, joined(rows));
  }

  /** [directions, 2 * rows]: those of W, then those of R. */
  biases(order: Order, hidden: number): string {
    const { bias_ih, bias_hh } = this.#node.tensors;
    if (bias_ih === undefined && bias_hh === undefined) return '';
    const rows = this.#halves.flatMap((half) =>
      ['bias_ih', 'bias_hh'].flatMap((role) => [...this.#blocks(`${role}${half}`, order, hidden, 1)]),
    );
    const { graph, name } = this.#context;
    return graph.floats(`${name}/bias`, [this.#halves.length, 2 * order.length * hidden], joined(rows));
  }

  get #halves(): readonly string[] {
    return this.#node.direction === 'both' ? ['', '_reverse'] : [''];
  }

  /** Blocks of a tensor in ONNX's order; zeros where there is none. */
  *#blocks(role: string, order: Order, hidden: number, columns: number): Generator<Float32Array> {
    const tensors: Readonly<Record<string, string | undefined>> = { ...this.#node.tensors };
    const name = tensors[role];
    const size = hidden * columns;
    for (const block of order) {
      if (!block || name === undefined) {
        yield new Float32Array(size);
        continue;
      }
      const data = this.#context.tensor(name).data as Float32Array;
      const values = data.subarray(block.from * size, (block.from + 1) * size);
      yield block.negative ? values.map((value) => -value) : values;
    }
  }
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const result = new Float32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
