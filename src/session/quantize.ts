import { RivuletError, show } from '../errors.ts';
import { type QuantizeOptions, quantize as quantizeDefinition } from '../quantize/quantize.ts';
import type { QuantizationReport } from '../quantize/report.ts';
import { Model } from './model.ts';

/**
 * A model of the same graph with int8 matrices, in the same runtime; the one it came from is untouched.
 *
 * @throws RivuletError `invalid-argument`, `not-supported`, `disposed`, `out-of-memory`
 */
export function quantize(
  model: Model,
  options: QuantizeOptions,
): { model: Model; report: QuantizationReport } {
  if (!(model instanceof Model)) {
    throw new RivuletError(
      'invalid-argument',
      `quantize takes a model that loadModel gave, got ${show(model)}`,
    );
  }
  model.assertAlive();
  const { definition, report } = quantizeDefinition(model.definition, options);
  return { model: new Model(model.runtime, definition), report };
}
