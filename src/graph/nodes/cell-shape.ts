import type { MinGruNode, MinLstmNode, RecurrentNode } from '../definition.ts';
import type { NodeTensors } from '../node-tensors.ts';
import type { NodeShape } from './node-kind.ts';

/** The sizes of a cell: of the blocks of its gates, and of h, which is another where h is projected. */
export interface CellSizes {
  readonly hidden: number;
  readonly h: number;
}

/**
 * The shape of a node whose tensors are checked role by role, of both halves.
 *
 * @param check the tensors of a half, whose roles end with `suffix`, against the sizes of the cell
 * @param states the names of its states, `c` or not
 */
export function cellShape(
  node: RecurrentNode,
  sizes: CellSizes,
  states: readonly ('h' | 'c')[],
  check: (suffix: '' | '_reverse') => void,
): NodeShape {
  const both = node.direction === 'both';
  check('');
  if (both) check('_reverse');
  const size = { h: sizes.h, c: sizes.hidden };
  const names = both ? ['', 'reverse.'] : [''];
  return {
    size: both && (node.merge ?? 'concat') === 'concat' ? 2 * sizes.h : sizes.h,
    hidden: sizes.h,
    states: Object.fromEntries(
      names.flatMap((half) => states.map((state) => [half + state, size[state]] as const)),
    ),
  };
}

/**
 * weight_ih: [blocks*hidden, inputs], weight_hh: [blocks*hidden, h], biases: [blocks*hidden], h0: [h], of the half
 * whose roles end with `suffix`.
 */
export function checkRecurrent(
  blocks: number,
  inputSize: number,
  { hidden, h }: CellSizes,
  tensors: NodeTensors,
  suffix: string,
): void {
  tensors.matrix(`weight_hh${suffix}`, [blocks * hidden, h]);
  checkMinimal(blocks, inputSize, hidden, tensors, suffix);
  tensors.bias(`bias_hh${suffix}`, blocks * hidden);
  tensors.bias(`h0${suffix}`, h);
}

/** weight_ih: [blocks*hidden, inputs], bias_ih: [blocks*hidden] */
function checkMinimal(
  blocks: number,
  inputSize: number,
  hidden: number,
  tensors: NodeTensors,
  suffix: string,
): void {
  tensors.matrix(`weight_ih${suffix}`, [blocks * hidden, inputSize]);
  tensors.bias(`bias_ih${suffix}`, blocks * hidden);
}

/** The hidden size by the columns of weight_hh. */
export function recurrentSizes(blocks: number, tensors: NodeTensors): CellSizes {
  const [, hidden] = tensors.matrix('weight_hh', [blocks === 1 ? 'hidden' : `${blocks}*hidden`, 'hidden']);
  return { hidden, h: hidden };
}

/** The shape of a cell without a recurrent product: its hidden size by the rows of weight_ih. */
export function minimalShape(
  node: MinGruNode | MinLstmNode,
  blocks: number,
  inputSize: number,
  tensors: NodeTensors,
): NodeShape {
  const [rows] = tensors.matrix('weight_ih', [`${blocks}*hidden`, inputSize]);
  const hidden = Math.max(1, Math.floor(rows / blocks));
  return cellShape(node, { hidden, h: hidden }, ['h'], (suffix) => {
    checkMinimal(blocks, inputSize, hidden, tensors, suffix);
    tensors.bias(`h0${suffix}`, hidden);
  });
}
