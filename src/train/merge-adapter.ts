import { type Adapter, requireAdapterOf } from '../adapters/adapter.ts';
import { mergeLowRank } from '../adapters/merge.ts';
import { RivuletError, show } from '../errors.ts';
import { Model } from '../session/model.ts';
import { dequantizeModel, requantizeModel } from './dequantize.ts';

/**
 * A model with the adapter in its weights, in the same runtime; the one that it came from is untouched. An int8 model is
 * merged in float32 and quantized again.
 *
 * @throws RivuletError `adapter-mismatch` for an adapter of another model, `invalid-argument`, `non-finite-weight`,
 * `disposed`, `out-of-memory`
 */
export function mergeAdapter(model: Model, adapter: Adapter): Model {
  if (!(model instanceof Model)) {
    throw new RivuletError(
      'invalid-argument',
      `mergeAdapter takes a model that loadModel gave, got ${show(model)}`,
    );
  }
  model.assertAlive();
  requireAdapterOf(model.fingerprint, adapter);
  const { runtime, definition } = model;
  const merged = mergeLowRank(dequantizeModel(definition), adapter);
  return new Model(runtime, requantizeModel(merged, definition));
}
