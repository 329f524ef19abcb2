import { RivuletError } from '../../errors.ts';
import { activationText, parseActivation } from '../activation.ts';
import type { ConvolutionNode } from '../definition.ts';
import type { Fields } from '../fields.ts';
import { parseSizes, vectorsIn } from './frame.ts';
import type { NodeKind } from './node-kind.ts';

/** Values that a node may look at, those of former timesteps and this one's: the columns of a buffer. */
const LARGEST_WINDOW = 1048576;

export const convolution: NodeKind<ConvolutionNode> = {
  type: 'convolution',
  reads: 'vector',
  merges: false,
  matrices: ['weight'],

  parse: (head, fields) => ({
    ...head,
    type: 'convolution',
    tensors: parseConvolutionTensors(fields),
    ...parseSizes(fields, 'stride', 'dilation'),
    ...(fields.has('activation') && { activation: parseActivation(fields, 'activation') }),
  }),

  shape(node, [inputSize], tensors, { place }) {
    const { stride = 1 } = node;
    const [units, channels, kernel] = tensors.convolution('weight');
    tensors.bias('bias', units);
    const frames = vectorsIn(place, inputSize!, channels);
    if (frames % stride !== 0) {
      throw new RivuletError(
        'wrong-shape',
        `${place}: its stride is ${stride}, but a timestep brings ${frames} vectors of ${channels} channels; ` +
          'expected a multiple of the stride',
      );
    }
    const window = channels * (frames + pastOf(node, kernel));
    if (window > LARGEST_WINDOW) {
      throw new RivuletError(
        'wrong-shape',
        `${place}: its kernel of ${kernel} sees ${window} values; expected at most ${LARGEST_WINDOW}`,
      );
    }
    return { size: (frames / stride) * units };
  },

  attributes: ({ stride = 1, dilation = 1, activation }) =>
    `${stride} ${dilation} ${activation ? activationText(activation) : ''}`,
};

export function parseConvolutionTensors(fields: Fields): ConvolutionNode['tensors'] {
  return fields.object('tensors', (roles) => ({
    weight: roles.name('weight'),
    ...(roles.has('bias') && { bias: roles.name('bias') }),
  }));
}

/**
 * Vectors of former timesteps that the first output of a timestep sees. It may skip some of this one's instead: then
 * there are none.
 */
export function pastOf({ stride = 1, dilation = 1 }: ConvolutionNode, kernel: number): number {
  return Math.max(0, (kernel - 1) * dilation + 1 - stride);
}
