/** SimpleRNN, LSTM, GRU, their cuDNN forms, and RNN around one of the cells. */
import { RivuletError, show } from '../../../errors.ts';
import { describe } from '../../../graph/fields.ts';
import type { Flow } from '../builder.ts';
import { refuseCustom } from '../config.ts';
import { Options } from '../options.ts';
import { type Cell, cellNode, isCell, readCell, takeCell } from './cells.ts';
import { inputOf, type Layer, type LayerContext, vectorSize } from './context.ts';

export interface Recurrent {
  readonly cell: Cell;
  readonly returnSequences: boolean;
  readonly goBackwards: boolean;
}

export const RECURRENT = ['SimpleRNN', 'LSTM', 'GRU', 'CuDNNLSTM', 'CuDNNGRU', 'RNN'] as const;

export const recurrent: Layer = (context) => {
  const { arrays, builder, className, name, place } = context;
  const { cell, returnSequences, goBackwards } = readRecurrent(context);
  const input = sequence(inputOf(context), place);
  const inputs = vectorSize(input, place);
  const direction = goBackwards === input.reversed ? 'forward' : 'backward';
  const { roles, resetAfter } = takeCell(cell, inputs, arrays, builder, name);
  const node = cellNode(cell, { name, input: input.from, roles, resetAfter, direction });
  builder.add(node, goBackwards ? `${className} with go_backwards` : className);
  noteState(context);
  const isBackward = direction === 'backward';
  if (returnSequences) return { from: name, frame: [cell.units], time: 'each', reversed: isBackward };
  return { from: name, frame: [cell.units], time: isBackward ? 'first' : 'last', reversed: false };
};

/** Every session keeps its state; Keras forgets it between sequences, but for stateful layers. */
export function noteState({ builder }: LayerContext): void {
  builder.notes.add('a session keeps its states from call to call; reset() begins a new sequence');
}

export function sequence(flow: Flow, place: string): Flow {
  if (flow.time === 'each') return flow;
  throw new RivuletError(
    'unsupported-operator',
    `${place}: ${show(flow.from)} is no sequence in Keras; a recurrent layer needs [batch, timesteps, features]`,
  );
}

export function readRecurrent(context: LayerContext): Recurrent {
  const { className, options } = context;
  options.only(false, 'return_state');
  options.only(false, 'time_major');
  return {
    cell: className === 'RNN' ? readWrappedCell(context) : readCell(context, className, options),
    returnSequences: options.boolean(false, 'return_sequences'),
    goBackwards: options.boolean(false, 'go_backwards'),
  };
}

/** Options of the cell that TF.js writes for the layer RNN too. */
const REPEATED = ['units', 'activation', 'recurrent_activation', 'use_bias'];

/** The cell of a layer RNN. */
function readWrappedCell(context: LayerContext): Cell {
  const { className, fields, options } = wrapped(context, 'cell');
  if (!isCell(className)) {
    throw new RivuletError(
      'unsupported-operator',
      `${context.place}: its cell is ${show(className)}; supported are SimpleRNNCell, LSTMCell and GRUCell`,
    );
  }
  refuseCustom(context.name, className, fields);
  const cell = readCell(context, className, options);
  options.refuseOthers();
  for (const field of REPEATED) context.options.only(options.value(field), field);
  return cell;
}

/** The layer or cell that a wrapper has in one of its fields. */
export function wrapped({ options, place }: LayerContext, field: string) {
  const fields = options.value(field);
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields))
    throw new RivuletError('invalid-file', `${place}: ${field} must be an object, got ${describe(fields)}`);
  const { class_name: className, config } = fields as Readonly<Record<string, unknown>>;
  if (typeof className !== 'string')
    throw new RivuletError('invalid-file', `${place}: ${field} has no class_name`);
  return {
    className,
    fields: fields as Readonly<Record<string, unknown>>,
    options: new Options(`${place}, its ${className}`, config),
  };
}
