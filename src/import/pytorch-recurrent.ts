/** nn.RNN, nn.LSTM, nn.GRU and their cells: of any depth, bidirectional, LSTMs with a projection. */
import { RivuletError, show } from '../errors.ts';
import type { GraphNode, LstmTensors, Tensor, WithReverse } from '../graph/definition.ts';
import { GATES } from '../graph/nodes/recurrent.ts';
import { formatShape } from '../graph/tensor.ts';
import type { Reading } from './connect.ts';
import type { CheckedConfig } from './pytorch-config.ts';
import type { Roles } from './pytorch-modules.ts';

interface Cell {
  readonly type: keyof typeof GATES;
  readonly roles: WithReverse<LstmTensors>;
  readonly inputSize: number;
  /** Of h. */
  readonly size: number;
  readonly both: boolean;
}

export function readRecurrent(
  module: string,
  layers: readonly Roles[],
  tensors: ReadonlyMap<string, Tensor>,
  { nonlinearity, resetAfter, merge }: CheckedConfig,
): Reading {
  const cells = layers.map((roles, index) => readCell(module, index, roles, tensors));
  const nodeName = (index: number): string => {
    const name = module || cells[index]!.type;
    return cells.length === 1 ? name : `${name}.l${index}`;
  };
  const { inputSize } = cells[0]!;
  const { both, size } = cells.at(-1)!;
  const merged = merge.get(module);
  const output = { size: both && (merged ?? 'concat') === 'concat' ? 2 * size : size };
  return {
    module,
    stage: 'recurrent',
    inputSize,
    outputOf: (input) => (input.size === inputSize ? output : undefined),
    nodes: (input) =>
      cells.map(({ type, roles, both }, index): GraphNode => {
        const head = {
          name: nodeName(index),
          input: index === 0 ? input : nodeName(index - 1),
          tensors: roles,
          ...(both && { direction: 'both' as const }),
          ...(merged !== undefined && index === cells.length - 1 && { merge: merged }),
        };
        if (type === 'rnn') return { ...head, type, nonlinearity };
        if (type === 'gru') return { ...head, type, resetAfter };
        return { ...head, type };
      }),
  };
}

function readCell(module: string, layer: number, names: Roles, tensors: ReadonlyMap<string, Tensor>): Cell {
  const shapeOf = (role: string) => matrixShape(role, module, layer, names, tensors);
  const [, inputSize] = shapeOf('weight_ih');
  const [rows, size] = shapeOf('weight_hh');
  const projection = names.has('weight_hr') ? shapeOf('weight_hr') : undefined;
  const hidden = projection ? projection[1] : size;
  const types = projection ? (['lstm'] as const) : (['rnn', 'gru', 'lstm'] as const);
  const type = types.find((cell) => rows === GATES[cell] * hidden);
  if (type === undefined) {
    throw new RivuletError(
      'invalid-graph',
      projection
        ? `tensor ${show(names.get('weight_hh'))}: expected [4*hidden, projected] of an LSTM whose weight_hr is ` +
            `${formatShape(projection)}, got ${formatShape([rows, size])}`
        : `tensor ${show(names.get('weight_hh'))}: expected [hidden, hidden] of an RNN, [3*hidden, hidden] of a GRU or ` +
            `[4*hidden, hidden] of an LSTM, got ${formatShape([rows, size])}`,
    );
  }
  const both = [...names.keys()].some((role) => role.endsWith('_reverse'));
  return {
    type,
    roles: Object.fromEntries(names) as unknown as WithReverse<LstmTensors>,
    inputSize,
    size,
    both,
  };
}

function matrixShape(
  role: string,
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
