import { RivuletError } from '../../errors.ts';
import type { LstmNode } from '../definition.ts';
import { MAX_SIZE } from '../limits.ts';
import type { NodeTensors } from '../node-tensors.ts';
import { given, option, parseActivationOption, parseClip, unusual } from './cell-options.ts';
import { type CellSizes, cellShape, checkRecurrent, recurrentSizes } from './cell-shape.ts';
import { parseEpsilon } from './epsilon.ts';
import type { NodeKind } from './node-kind.ts';
import {
  cellAttributes,
  GATES,
  parseRecurrent,
  RECURRENT_MATRICES,
  RECURRENT_ROLES,
  type Roles,
} from './recurrent.ts';

const NORMS = ['norm_ih', 'norm_hh', 'norm_c'] as const;

const ROLES: Roles = {
  needed: RECURRENT_ROLES.needed,
  optional: [
    ...RECURRENT_ROLES.optional,
    'c0',
    'peephole',
    'weight_hr',
    ...NORMS.flatMap((norm) => [`${norm}_weight`, `${norm}_bias`]),
  ],
};

export const lstm: NodeKind<LstmNode> = {
  type: 'lstm',
  reads: 'vector',
  merges: false,
  matrices: [...RECURRENT_MATRICES, 'weight_hr'],

  parse(head, fields) {
    const node: LstmNode = {
      ...parseRecurrent<LstmNode>('lstm', head, fields, ROLES),
      ...parseActivationOption(fields, 'gateActivation'),
      ...parseActivationOption(fields, 'candidateActivation'),
      ...parseActivationOption(fields, 'outputActivation'),
      ...option(fields, 'coupled', () => fields.boolean('coupled')),
      ...parseClip(fields, 'cellClip'),
      ...parseClip(fields, 'gateClip'),
      ...parseEpsilon(fields),
    };
    checkNorms(node, fields.place);
    return node;
  },

  shape(node, [inputSize], tensors, { place }) {
    const blocks = node.coupled ? GATES.lstm - 1 : GATES.lstm;
    const sizes = node.tensors.weight_hr ? projectedSizes(tensors, place) : recurrentSizes(blocks, tensors);
    return cellShape(node, sizes, ['h', 'c'], (suffix) => {
      checkRecurrent(blocks, inputSize!, sizes, tensors, suffix);
      checkVariant(node, blocks * sizes.hidden, sizes, tensors, suffix);
    });
  },

  attributes: (node) =>
    cellAttributes(node, [
      unusual('gate', node.gateActivation, 'sigmoid'),
      unusual('candidate', node.candidateActivation, 'tanh'),
      unusual('output', node.outputActivation, 'tanh'),
      node.coupled ? 'coupled' : '',
      given('cell-clip', node.cellClip),
      given('gate-clip', node.gateClip),
      given('epsilon', node.epsilon),
    ]),
};

/** A norm may do without its shift, but not without its scale; who has an epsilon has a norm. */
function checkNorms({ tensors, epsilon }: LstmNode, place: string): void {
  for (const norm of NORMS) {
    if (tensors[`${norm}_bias`] === undefined || tensors[`${norm}_weight`] !== undefined) continue;
    throw new RivuletError(
      'invalid-graph',
      `${place}: ${norm}_bias is the shift of a layer norm, which needs its scale ${norm}_weight too`,
    );
  }
  if (epsilon === undefined || NORMS.some((norm) => tensors[`${norm}_weight`] !== undefined)) return;
  throw new RivuletError(
    'invalid-graph',
    `${place}: epsilon is that of layer norms, of which it has none; they are the tensors norm_ih_weight, ` +
      'norm_hh_weight and norm_c_weight',
  );
}

/** weight_hr: [projected, hidden]; the size of the node is `projected`, so that nobody else looks at `hidden`. */
function projectedSizes(tensors: NodeTensors, place: string): CellSizes {
  const [h, hidden] = tensors.matrix('weight_hr', ['projected', 'hidden']);
  if (hidden >= 1 && hidden <= MAX_SIZE) return { hidden, h };
  throw new RivuletError(
    'wrong-shape',
    `${place}: weight_hr [projected, hidden] has the hidden size ${hidden}; expected 1 to ${MAX_SIZE}`,
  );
}

function checkVariant(
  { tensors: names }: LstmNode,
  rows: number,
  { hidden, h }: CellSizes,
  tensors: NodeTensors,
  suffix: string,
): void {
  if (names.weight_hr) tensors.matrix(`weight_hr${suffix}`, [h, hidden]);
  tensors.bias(`c0${suffix}`, hidden);
  tensors.bias(`peephole${suffix}`, 3 * hidden);
  for (const norm of NORMS) {
    const length = norm === 'norm_c' ? hidden : rows;
    tensors.bias(`${norm}_weight${suffix}`, length);
    tensors.bias(`${norm}_bias${suffix}`, length);
  }
}
