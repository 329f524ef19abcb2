/** A converted model, loaded into a runtime of its own. */
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { loadModel } from '../../src/session/load.ts';
import type { Model } from '../../src/session/model.ts';
import { quantize } from '../../src/session/quantize.ts';
import { testRuntime } from '../runtime.ts';

/** @param keep names of nodes that stay float32 where the model becomes int8 */
export async function load(
  definition: ModelDefinition,
  weights: 'float32' | 'int8' = 'float32',
  keep: readonly string[] = [],
): Promise<Model> {
  const model = await loadModel(definition, { runtime: testRuntime() });
  return weights === 'int8' ? quantize(model, { weights, keep }).model : model;
}
