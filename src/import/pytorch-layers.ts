/** nn.Linear and nn.Embedding. */
import type { Reading } from './connect.ts';
import type { Roles } from './pytorch-modules.ts';

/** A matrix `weight`: a linear layer, or without bias an embedding too. */
export function readLinear(module: string, roles: Roles, shape: readonly number[]): readonly Reading[] {
  const [rows = 0, columns = 0] = shape;
  const weight = roles.get('weight')!;
  const bias = roles.get('bias');
  const dense: Reading = {
    module,
    stage: 'linear',
    inputSize: columns,
    outputOf: ({ size }) => (size === columns ? { size: rows } : undefined),
    nodes: (input) => [
      {
        name: module || 'linear',
        type: 'dense',
        input,
        tensors: { weight, ...(bias !== undefined && { bias }) },
      },
    ],
  };
  if (bias !== undefined) return [dense];
  const embedding: Reading = {
    module,
    stage: 'embedding',
    vocabulary: rows,
    inputSize: rows,
    outputOf: () => ({ size: columns }),
    nodes: (input) => [{ name: module || 'embedding', type: 'embedding', input, tensors: { weight } }],
  };
  return [embedding, dense];
}
