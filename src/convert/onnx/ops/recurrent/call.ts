/** What LSTM, GRU and RNN have in common: sizes, directions, what they read and what they give. */
import { show } from '../../../../errors.ts';
import { formatShape } from '../../../../graph/tensor.ts';
import { shapeText } from '../../emitter.ts';
import type { OperatorCall } from '../../operator.ts';
import { invalid, unsupported } from '../../refuse.ts';
import { type Constant, Elements, type Source, type Stream, type Value } from '../../value.ts';
import { constantAt, optionalConstantAt, streamAt } from '../inputs.ts';

/** Which input of the operator is what. */
export const INPUT = { X: 0, W: 1, R: 2, B: 3, lengths: 4, initial: { h: 5, c: 6 }, P: 7 } as const;

const DIRECTIONS = { forward: 'forward', reverse: 'backward', bidirectional: 'both' } as const;

/** A call of a recurrent operator whose inputs have been looked at. */
export interface Cell {
  readonly call: OperatorCall;
  /** The node's name, which its tensors begin with. */
  readonly name: string;
  readonly direction: 'forward' | 'backward' | 'both';
  readonly directions: 1 | 2;
  readonly hidden: number;
  readonly x: Stream;
  readonly inputs: number;
  /** 0: time, batch; 1: batch, time. */
  readonly layout: 0 | 1;
}

/** @param gates blocks of `hidden` rows that R has */
export function readCell(call: OperatorCall, gates: number): Cell {
  const { node, attributes, place } = call;
  const given = attributes.string('direction', 'forward').toLowerCase();
  if (!Object.hasOwn(DIRECTIONS, given)) {
    const known = Object.keys(DIRECTIONS).join(', ');
    throw invalid(place, `its attribute direction is ${show(given)}; expected one of ${known}`);
  }
  const direction = DIRECTIONS[given as keyof typeof DIRECTIONS];
  const layout = attributes.int('layout', 0);
  if (layout !== 0 && layout !== 1)
    throw invalid(place, `its attribute layout is ${layout}; expected 0 or 1`);
  const x = streamAt(call, INPUT.X);
  if (x.shape.length !== 3) throw invalid(place, `X has the shape ${shapeText(x)}; expected three axes`);
  const rows = constantAt(call, INPUT.R, 'R').shape;
  const hidden = attributes.int('hidden_size', Math.floor((rows[1] ?? 0) / gates));
  if (!(hidden >= 1)) throw invalid(place, `its attribute hidden_size is ${hidden}; expected 1 or more`);
  const name = node.name === '' ? (node.outputs.find((output) => output !== '') ?? '') : node.name;
  const directions = direction === 'both' ? 2 : 1;
  return { call, name, direction, directions, hidden, x, inputs: x.shape[2]!, layout };
}

/** A constant of the expected shape. @throws RivuletError `invalid-file`, `unsupported-operator` (no constant) */
export function matrixOf({ call }: Cell, index: number, name: string, shape: readonly number[]): Constant {
  return checkShape(call.place, constantAt(call, index, name), name, shape);
}

export function optionalOf(
  { call }: Cell,
  index: number,
  name: string,
  shape: readonly number[],
): Constant | undefined {
  const constant = optionalConstantAt(call, index, name);
  return constant && checkShape(call.place, constant, name, shape);
}

export function checkShape(
  place: string,
  constant: Constant,
  name: string,
  shape: readonly number[],
): Constant {
  if (constant.shape.length === shape.length && constant.shape.every((size, axis) => size === shape[axis]))
    return constant;
  throw invalid(
    place,
    `${name} has the shape ${formatShape(constant.shape)}; expected ${formatShape(shape)}`,
  );
}

/** The axis of time must be the one that the layout says, and the batch one sequence. */
export function checkTime({ call: { place }, x, layout }: Cell): void {
  const [time, batch] = layout === 0 ? [0, 1] : [1, 0];
  if (x.shape[batch] !== 1)
    throw unsupported(
      place,
      `X ${shapeText(x)} has a batch of ${x.shape[batch]} on axis ${batch}; supported is 1 or any`,
    );
  if (x.time !== undefined && x.time !== time)
    throw unsupported(
      place,
      `X ${shapeText(x)} has time on axis ${x.time}; with layout ${layout} it is axis ${time}`,
    );
  if (x.shape[time] !== 1) {
    throw unsupported(
      place,
      `X ${shapeText(x)} has ${x.shape[time]} timesteps on axis ${time} that do not follow the input's; ` +
        'supported is one a call, or an axis of time',
    );
  }
}

/** Lengths of the sequences: those of all their timesteps. */
export function checkLengths({ call, x, layout }: Cell): void {
  const lengths = optionalConstantAt(call, INPUT.lengths, 'sequence_lens');
  const whole = x.time === undefined ? x.shape[layout] : x.timesteps;
  for (const origin of lengths?.origins ?? []) call.emit.used.add(origin);
  for (const length of lengths?.data ?? []) {
    if (Number.isNaN(length) || length === whole) continue;
    throw unsupported(
      call.place,
      `sequence_lens is ${length}, X has ${whole ?? 'any number of'} timesteps; supported are whole sequences`,
    );
  }
}

/**
 * Y, Y_h and Y_c. What a sequence ends with is the last value of the node where that goes forward; else, and of c, there is
 * no value of a node of ours, and it can only be the state that the next call begins with.
 *
 * @param source the node
 */
export function outputsOf(cell: Cell, source: Source, hasC: boolean): readonly Value[] {
  const { x, hidden, directions, layout } = cell;
  const { time, timesteps } = x;
  const stream = { kind: 'stream', padded: [0, 0], time, timesteps } as const;
  const whole = new Elements([source]);
  const shape = layout === 0 ? [1, directions, 1, hidden] : [1, 1, directions, hidden];
  const y: Stream = { ...stream, shape, last: false, elements: whole };
  const ends = { ...stream, time: undefined, timesteps: undefined, last: time !== undefined };
  const endShape = layout === 0 ? [directions, 1, hidden] : [1, directions, hidden];
  const ending = (state: 'h' | 'c'): Stream => ({
    ...ends,
    shape: endShape,
    elements: Elements.join(
      halves(cell).map(({ prefix, backward }, half) => {
        const isValue = state === 'h' && !(backward && time !== undefined);
        if (!isValue)
          return new Elements([cell.call.emit.states.ending(`${source.name}.${prefix}${state}`, hidden)]);
        return whole.select(Int32Array.from({ length: hidden }, (_, at) => half * hidden + at));
      }),
    ),
  });
  return hasC ? [y, ending('h'), ending('c')] : [y, ending('h')];
}

/** The directions of a cell, and what their states' names begin with. */
export function halves({
  direction,
}: Cell): readonly { readonly prefix: string; readonly backward: boolean }[] {
  const first = { prefix: '', backward: direction === 'backward' };
  return direction === 'both' ? [first, { prefix: 'reverse.', backward: true }] : [first];
}
