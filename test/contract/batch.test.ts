/** Every variant of every type of node: streams side by side have the bits of each alone, whatever their lengths. */
import { describe, expect, it } from 'vitest';
import type { ModelDefinition, NodeType } from '../../src/graph/definition.ts';
import { kindOf, NODE_KINDS } from '../../src/graph/nodes/table.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { Model } from '../../src/session/model.ts';
import { testRuntime } from '../runtime.ts';
import {
  bits,
  interleave,
  isStreamable,
  type Rows,
  randomStream,
  runWhole,
  type Stream,
  separate,
  shorten,
  TIMESTEPS,
  widthOf,
} from './drive.ts';
import { variantsOf } from './table.ts';

const runtimes = { simd: testRuntime('simd'), scalar: testRuntime('scalar') };

const LENGTHS = [TIMESTEPS, 1, 40];
const MEMORY_LENGTHS = [13, 5, 1];
const BATCH = LENGTHS.length;

function dtypesOf(type: NodeType, definition: ModelDefinition): [string, ModelDefinition][] {
  const float32: [string, ModelDefinition] = ['float32', definition];
  if (kindOf({ name: type, type }).matrices.length === 0) return [float32];
  return [float32, ['int8', quantize(definition, { weights: 'int8' }).definition]];
}

function streamsOf(definition: ModelDefinition): Stream[] {
  return LENGTHS.map((_, row) => randomStream(definition, 1 + row));
}

/** A session of all streams, the encoder behind it. */
function beginAll(model: Model, streams: readonly Stream[], lengths?: readonly number[]) {
  const session = model.createSession({ batchSize: BATCH });
  const memory = streams.map((stream) => stream.memory);
  if (memory.every((rows) => rows !== undefined)) {
    const width = widthOf(model.encoderInputs[0]!);
    session.encode(interleave(memory, width), lengths && { lengths });
  }
  return session;
}

describe.each(variantsOf(NODE_KINDS))('%s', (type, variants) => {
  describe.each(variants.map((each) => [each.name, each] as const))('%s', (_, variant) => {
    it.each(dtypesOf(type, variant.definition))('%s', (_dtype, definition) => {
      using model = new Model(runtimes.simd, definition);
      using scalar = new Model(runtimes.scalar, definition);
      const streams = streamsOf(definition);
      const inputs = interleave(
        streams.map((stream) => stream.inputs),
        widthOf(model.inputs[0]!),
      );
      const { size } = model.outputs[0]!;

      const whole = beginAll(model, streams).run(inputs);
      const alone = streams.map((stream) => runWhole(model, stream));
      for (const [row, values] of alone.entries())
        expect(bits(separate(whole, row, BATCH, size)), `row ${row}`).toEqual(bits(values));

      const ragged = beginAll(model, streams, MEMORY_LENGTHS).run(inputs, { lengths: LENGTHS });
      const raggedScalar = beginAll(scalar, streams, MEMORY_LENGTHS).run(inputs, { lengths: LENGTHS });
      expect(bits(raggedScalar), 'scalar = SIMD').toEqual(bits(ragged));
      for (const [row, stream] of streams.entries()) {
        const length = LENGTHS[row]!;
        const expected = new Float32Array(TIMESTEPS * size);
        expected.set(runWhole(model, shorten(definition, stream, length, MEMORY_LENGTHS[row]!)));
        expect(bits(separate(ragged, row, BATCH, size)), `row ${row} of ${length}`).toEqual(bits(expected));
      }

      if (!isStreamable(definition)) return;
      const session = beginAll(model, streams);
      const steps = new Float32Array(whole.length);
      const width = inputs.length / TIMESTEPS;
      for (let t = 0; t < TIMESTEPS; t++) {
        const x = inputs.slice(t * width, (t + 1) * width) as Rows;
        session.step(x, steps.subarray(t * BATCH * size, (t + 1) * BATCH * size));
      }
      expect(bits(steps), 'step = run').toEqual(bits(whole));
    });
  });
});
