import type { ModelDefinition } from '../../src/graph/definition.ts';
import { allNodes } from '../../src/graph/reads.ts';
import { parameterGradients } from '../train/cases.ts';

/** Partial derivatives as a trainer gives them: a batch normalisation, which is folded, is none of its parameters. */
export function expectedGradients(
  definition: ModelDefinition,
  derivatives: ReadonlyMap<string, Float64Array>,
): Map<string, Float64Array> {
  const gradients = parameterGradients(definition, derivatives);
  for (const node of allNodes(definition.graph)) {
    if (node.type === 'batchnorm')
      for (const name of Object.values<string>({ ...node.tensors })) gradients.delete(name);
  }
  return gradients;
}
