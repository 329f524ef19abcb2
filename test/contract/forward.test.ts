/** Every variant of every type of node: what a session gives, float32 and int8. */
import { describe, expect, it } from 'vitest';
import type { ModelDefinition, NodeType } from '../../src/graph/definition.ts';
import { kindOf, NODE_KINDS } from '../../src/graph/nodes/table.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { Model } from '../../src/session/model.ts';
import { FLOAT32_TOLERANCE } from '../golden/cases.ts';
import { scaledError } from '../reference/compare.ts';
import { testRuntime } from '../runtime.ts';
import { bits, isStreamable, randomStream, reference, runPieces, runSteps, runWhole } from './drive.ts';
import { variantsOf } from './table.ts';
import type { Variant } from './variant.ts';

/**
 * Of an int8 model against the reference on its own rounded weights: activations are rounded to 16 bits, or fewer where
 * rows are long, a relative 1.5e-5 at each product.
 */
const INT8_TOLERANCE = 5e-4;

const runtimes = { simd: testRuntime('simd'), scalar: testRuntime('scalar') };

/** A variant in float32, and in int8 where the type multiplies by matrices: [dtype, definition, tolerance]. */
function casesOf(type: NodeType, { definition }: Variant): [string, ModelDefinition, number][] {
  const float32: [string, ModelDefinition, number] = ['float32', definition, FLOAT32_TOLERANCE];
  if (kindOf({ name: type, type }).matrices.length === 0) return [float32];
  return [float32, ['int8', quantize(definition, { weights: 'int8' }).definition, INT8_TOLERANCE]];
}

describe.each(variantsOf(NODE_KINDS))('%s', (type, variants) => {
  describe.each(variants.map((each) => [each.name, each] as const))('%s', (_, variant) => {
    it.each(casesOf(type, variant))('%s', (_dtype, definition, tolerance) => {
      const stream = randomStream(definition, 1);
      using model = new Model(runtimes.simd, definition);
      using scalar = new Model(runtimes.scalar, definition);
      const whole = runWhole(model, stream);
      expect(scaledError(whole, reference(definition, stream))).toBeLessThanOrEqual(tolerance);
      expect(bits(runWhole(scalar, stream)), 'scalar = SIMD').toEqual(bits(whole));
      expect(bits(runWhole(model, stream)), 'again').toEqual(bits(whole));
      if (isStreamable(definition)) {
        expect(bits(runSteps(model, stream)), 'step = run').toEqual(bits(whole));
        expect(bits(runSteps(scalar, stream)), 'scalar step = run').toEqual(bits(whole));
        expect(bits(runPieces(model, stream)), 'pieces = run').toEqual(bits(whole));
      } else {
        expect(() => runSteps(model, stream)).toThrow(expect.objectContaining({ code: 'not-streamable' }));
      }
    });
  });
});
