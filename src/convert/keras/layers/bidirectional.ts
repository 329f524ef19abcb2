/** Bidirectional, around any recurrent layer. */
import { RivuletError, show } from '../../../errors.ts';
import type { GraphNode } from '../../../graph/definition.ts';
import { refuseCustom } from '../config.ts';
import { areAlike, cellNode, takeCell } from './cells.ts';
import { inputOf, type Layer, type LayerContext, vectorSize } from './context.ts';
import { noteState, RECURRENT, type Recurrent, readRecurrent, sequence, wrapped } from './recurrent.ts';

type Merge = 'concat' | 'sum' | 'mul' | 'average';

const MERGES = { concat: 'concat', sum: 'sum', mul: 'mul', ave: 'average' } as const;

/** The forward layer's arrays stand before the backward layer's. */
export const bidirectional: Layer = (context) => {
  const { arrays, builder, name, options, place } = context;
  const merge = options.value('merge_mode');
  if (typeof merge !== 'string' || !Object.hasOwn(MERGES, merge))
    throw options.unsupported('merge_mode', merge, 'concat, sum, mul or ave');
  const forward = readHalf(context, 'layer');
  const backward =
    options.value('backward_layer') === undefined ? forward : readHalf(context, 'backward_layer');
  if (!areAlike(forward.cell, backward.cell) || forward.returnSequences !== backward.returnSequences) {
    throw new RivuletError(
      'unsupported-operator',
      `${place}: its two layers have other options; supported are two of the same cell, activations and units`,
    );
  }
  if (forward.goBackwards || (backward !== forward && !backward.goBackwards)) {
    throw new RivuletError(
      'unsupported-operator',
      `${place}: go_backwards of the forward layer is true, or of the backward layer false; supported is the opposite`,
    );
  }
  const { cell } = forward;
  const input = sequence(inputOf(context), place);
  if (input.reversed) {
    throw new RivuletError(
      'unsupported-operator',
      `${place}: it reads a sequence in reverse order (after go_backwards), which is not supported`,
    );
  }
  const inputs = vectorSize(input, place);
  const ahead = takeCell(cell, inputs, arrays.half('forward'), builder, name);
  const back = takeCell(cell, inputs, arrays.half('backward'), builder, name, '_reverse');
  const isJoined = forward.returnSequences;
  const how = MERGES[merge as keyof typeof MERGES];
  const each = isJoined ? name : `${name}.each`;
  const node = cellNode(cell, {
    name: each,
    input: input.from,
    roles: { ...ahead.roles, ...back.roles },
    resetAfter: ahead.resetAfter,
    direction: 'both',
    merge: isJoined ? how : 'concat',
  });
  builder.add(node, `Bidirectional ${forward.className}`);
  noteState(context);
  if (!isJoined) joinEnds(context, each, cell.units, how);
  const frame = [how === 'concat' ? 2 * cell.units : cell.units];
  return { from: name, frame, time: isJoined ? 'each' : 'last', reversed: false };
};

/**
 * Without return_sequences Keras joins the forward half's last timestep with the backward half's first. The latter is
 * kept until then: hold = first * backward + the hold before, where first is 1 at the first timestep, then 0.
 */
function joinEnds({ builder, name }: LayerContext, each: string, units: number, merge: Merge): void {
  const part = (suffix: string) => `${name}.${suffix}`;
  const filled = (role: string, value: number) =>
    builder.tensor(part(role), [units], new Float32Array(units).fill(value));
  const [forward, backward] = [part('forward'), part('backward')];
  const [first, zero, start, held, hold] = ['first', 'zero', 'start', 'held', 'hold'].map(part) as Five;
  const add = (node: GraphNode, what: string) => builder.add(node, `Bidirectional, ${what}`);
  add({ name: forward, type: 'slice', input: each, start: 0, size: units }, 'its forward half');
  add({ name: backward, type: 'slice', input: each, start: units, size: units }, 'its backward half');
  const one = filled('one', 1);
  add({ name: first, type: 'state', input: zero, size: units, tensors: { initial: one } }, 'first timestep');
  const none = filled('none', 0);
  add({ name: zero, type: 'affine', input: first, tensors: { weight: none } }, 'and no other');
  add({ name: start, type: 'mul', inputs: [first, backward] }, 'backward half of the first timestep');
  add({ name: held, type: 'state', input: hold, size: units, tensors: {} }, 'what is held');
  add({ name: hold, type: 'add', inputs: [start, held] }, 'what is held then');
  const inputs = [forward, hold];
  if (merge !== 'average') {
    add({ name, type: JOINS[merge], inputs }, 'both halves at the last timestep');
    return;
  }
  const sum = part('sum');
  const weight = filled('half', 0.5);
  add({ name: sum, type: 'add', inputs }, 'both halves at the last timestep');
  add({ name, type: 'affine', input: sum, tensors: { weight } }, 'their mean');
}

type Five = [string, string, string, string, string];

const JOINS = { concat: 'concat', sum: 'add', mul: 'mul' } as const;

function readHalf(context: LayerContext, field: string): Recurrent & { readonly className: string } {
  const { className, fields, options } = wrapped(context, field);
  if (!(RECURRENT as readonly string[]).includes(className)) {
    throw new RivuletError(
      'unsupported-operator',
      `${context.place}: its ${field} is ${show(className)}; supported are ${RECURRENT.join(', ')}`,
    );
  }
  refuseCustom(context.name, className, fields);
  const half = readRecurrent({ ...context, className, options });
  options.refuseOthers();
  return { ...half, className };
}
