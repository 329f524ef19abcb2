/**
 * Which axis of the inputs is time. A file does not say so: each way to understand its axes is tried, and the operators,
 * which refuse what mixes timesteps, decide.
 */
import { RivuletError, show } from '../../errors.ts';
import type { GraphProto, ValueInfoProto } from './proto.ts';
import { unsupported } from './refuse.ts';

/** How an input is seen at one timestep. */
export interface InputShape {
  readonly shape: readonly number[];
  readonly timeAxis: number | undefined;
  readonly timesteps: number | undefined;
}

/** A way to understand the axes of the inputs. */
export interface TimeAxis {
  /** For messages: `time is axis 0 of "x"`. */
  readonly text: string;
  of(input: ValueInfoProto): InputShape;
}

/** uint8 … int64 of TensorProto.DataType: an input of tokens. */
const INTEGERS = [2, 3, 4, 5, 6, 7, 12, 13];

export function isTokens({ elementType }: ValueInfoProto): boolean {
  return INTEGERS.includes(elementType);
}

/** The inputs of a graph that are no initializers. */
export function realInputs(graph: GraphProto): readonly ValueInfoProto[] {
  const constants = new Set(graph.initializers.map(({ name }) => name));
  return graph.inputs.filter(({ name }) => !constants.has(name));
}

/**
 * The ways to be tried, in groups of equal standing, the likeliest first. Where all lengths are fixed, a call is a timestep;
 * else an axis of free length is time. Recurrent operators tell time from the batch, so with them a call may be a timestep
 * of a free batch, and an axis of fixed length may be time.
 *
 * @param recurrent whether the graph has recurrent operators, or states
 * @param said the axis that the caller names, which alone is tried
 * @throws RivuletError `unsupported-operator` for inputs without a shape, `invalid-argument` for an axis that is none
 */
export function timeAxes(
  inputs: readonly ValueInfoProto[],
  recurrent: boolean,
  said?: number | 'none',
): readonly (readonly TimeAxis[])[] {
  for (const { name, shape } of inputs) {
    if (shape === undefined)
      throw unsupported(`onnx: input ${show(name)}`, 'it has no shape; supported are inputs with one');
  }
  const [first] = inputs;
  const axes = first?.shape?.map((_size, axis) => axis) ?? [];
  const isFree = (axis: number) => typeof first!.shape![axis] !== 'number';
  const way = (axis: number): TimeAxis => ({
    text: `time is axis ${axis} of ${show(first!.name)}`,
    of: (input) => seen(input, sameAxis(input, first!, axis)),
  });
  const alone: TimeAxis = { text: 'a call is a timestep', of: (input) => seen(input, undefined) };
  const fixed = inputs.every(({ shape }) => shape!.every((size) => typeof size === 'number'));
  const isPossible = ({ of }: TimeAxis) =>
    inputs.every((input) => onlyBatchIsFree(input, of(input), recurrent));
  if (said !== undefined) {
    if (said !== 'none' && !axes.includes(said)) throw noAxis(said, inputs);
    return [[said === 'none' ? alone : way(said)].filter(isPossible)];
  }
  const groups = [
    fixed ? [alone] : [],
    axes.filter(isFree).map(way),
    !fixed && recurrent ? [alone] : [],
    recurrent ? axes.filter((axis) => !isFree(axis)).map(way) : [],
  ];
  return groups.map((ways) => ways.filter(isPossible));
}

function noAxis(said: unknown, [first]: readonly ValueInfoProto[]): RivuletError {
  const axes = first?.shape?.length ?? 0;
  return new RivuletError(
    'invalid-argument',
    `time: ${show(said)} is no axis of ${first ? `the input ${show(first.name)}` : 'an input'}; expected 0 to ${axes - 1}, or 'none'`,
  );
}

/** The axis of an input that is the axis of the first one: of the same name or size at the same place. */
function sameAxis(input: ValueInfoProto, first: ValueInfoProto, axis: number): number | undefined {
  const size = first.shape![axis];
  if (input === first) return axis;
  const named = typeof size === 'string' ? input.shape!.indexOf(size) : -1;
  if (named >= 0) return named;
  return axis < input.shape!.length && input.shape![axis] === size ? axis : undefined;
}

function seen({ shape }: ValueInfoProto, time: number | undefined): InputShape {
  const sizes = shape!.map((size, axis) => (axis === time || typeof size !== 'number' ? 1 : size));
  const length = time === undefined ? undefined : shape![time];
  return { shape: sizes, timeAxis: time, timesteps: typeof length === 'number' ? length : undefined };
}

/**
 * Whether what is free besides time is the batch: the first axis, or the second of [time, batch, …], which only recurrent
 * operators have, or what is named so.
 */
function onlyBatchIsFree(input: ValueInfoProto, { timeAxis }: InputShape, recurrent: boolean): boolean {
  const { shape } = input;
  return shape!.every((size, axis) => {
    if (axis === timeAxis || typeof size === 'number' || axis === 0) return true;
    const isValues = axis === shape!.length - 1 && !isTokens(input);
    const isBatch = recurrent || /batch|^n$|^b$/i.test(size ?? '');
    return axis === 1 && timeAxis === 0 && isBatch && !isValues;
  });
}
