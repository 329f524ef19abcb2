/** nn.LayerNorm and nn.BatchNorm1d. */
import { RivuletError, show } from '../../errors.ts';
import type { Tensor } from '../../graph/definition.ts';
import { formatShape } from '../../graph/tensor.ts';
import type { Reading, Shape } from '../../import/connect.ts';
import type { Roles } from '../../import/pytorch-modules.ts';
import type { PyTorchNorm } from './config.ts';

/**
 * A batch norm by its running statistics; a `weight` [size] alone only where `norms` says what it is.
 *
 * @throws RivuletError `not-supported`
 */
export function readNorm(
  module: string,
  roles: Roles,
  tensors: ReadonlyMap<string, Tensor>,
  norms: ReadonlyMap<string, PyTorchNorm>,
): Reading {
  const { type, epsilon } = norms.get(module) ?? {};
  const running_mean = roles.get('running_mean');
  const running_var = roles.get('running_var');
  const name = module || 'norm';
  const affine = Object.fromEntries([...roles].filter(([role]) => role === 'weight' || role === 'bias'));
  const options = epsilon === undefined ? {} : { epsilon };
  if (running_mean !== undefined && running_var !== undefined && type !== 'layer') {
    const [channels = 0] = tensors.get(running_mean)!.shape;
    const statistics = { ...affine, running_mean, running_var };
    return {
      module,
      stage: 'other',
      inputSize: channels,
      outputOf: (input) => ((input.channels ?? input.size) === channels ? input : undefined),
      nodes: (input, shape) => [
        { name, type: 'batchnorm', input, tensors: statistics, ...layoutOf(shape), ...options },
      ],
    };
  }
  const weight = roles.get('weight');
  const [size = 0] = tensors.get(weight ?? '')?.shape ?? [];
  if (type === 'layer' && weight !== undefined && roles.size === Object.keys(affine).length) {
    return {
      module,
      stage: 'other',
      inputSize: size,
      // Of a frame, PyTorch's would normalise its width alone.
      outputOf: (input) => (input.channels === undefined && input.size === size ? input : undefined),
      nodes: (input) => [{ name, type: 'layernorm', input, tensors: affine, ...options }],
    };
  }
  const shown = [...roles.values()].map(
    (tensor) => `${show(tensor)} ${formatShape(tensors.get(tensor)!.shape)}`,
  );
  throw new RivuletError(
    'not-supported',
    `module ${show(module)} has the tensors ${shown.join(', ')}: ` +
      (type === undefined && running_mean === undefined && running_var === undefined
        ? 'a LayerNorm, a GroupNorm and others have the same; ' +
          `where it is a LayerNorm, give \`norms\`: { ${JSON.stringify(module)}: { "type": "layer" } }`
        : 'a batch norm has running_mean and running_var, a layer norm has a weight and no statistics'),
  );
}

function layoutOf({ channels }: Shape): { readonly layout?: 'channels-first' } {
  return channels === undefined ? {} : { layout: 'channels-first' };
}
