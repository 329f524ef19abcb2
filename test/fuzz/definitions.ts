import type { ModelDefinition } from '../../src/graph/definition.ts';
import { quantize } from '../../src/quantize/quantize.ts';
import { CELLS, randomModel } from '../reference/models.ts';
import { Random } from '../reference/random.ts';
import { fuzzGraphs } from './graphs.ts';

/** Small models of every kind of op: all cells and nodes, float32 and int8, tokens and features, with encoders. */
export function fuzzDefinitions(): ModelDefinition[] {
  const float32 = [
    ...CELLS.flatMap((cell, i) => [
      randomModel({ cell, input: 3, hidden: 7, depth: 2, seed: 10 + i }),
      randomModel({ cell, input: 18, hidden: 17, depth: 1, output: 5, activation: 'softmax', seed: 20 + i }),
      withTokenizer(
        randomModel({ cell, input: 5, hidden: 16, depth: 1, vocabulary: 6, output: 6, seed: 30 + i }),
      ),
    ]),
    randomModel({ cell: 'lstm', input: 4, hidden: 33, depth: 1, activation: 'sigmoid', seed: 40 }),
    randomModel({ cell: 'gru-after', input: 4, hidden: 5, depth: 1, activation: 'tanh', seed: 41 }),
    severalInputs(),
    ...fuzzGraphs(),
  ];
  return [...float32, ...float32.map((definition) => quantize(definition, { weights: 'int8' }).definition)];
}

function withTokenizer(definition: ModelDefinition): ModelDefinition {
  return {
    ...definition,
    tokenizer: {
      type: 'characters',
      vocabulary: ['\n', 'a', 'é', '😀', '"', 'b'],
      replacements: { '“': '"' },
    },
    metadata: { training: '{"epochs":3}' },
  };
}

/** Features and tokens side by side, and an output of each. */
function severalInputs(): ModelDefinition {
  const random = new Random(50);
  const tensor = (...shape: number[]) => ({
    dtype: 'F32' as const,
    shape,
    data: random.uniforms(
      shape.reduce((a, b) => a * b),
      -1,
      1,
    ),
  });
  return {
    graph: {
      inputs: [
        { name: 'audio', kind: 'features', size: 19 },
        { name: 'speaker', kind: 'tokens', size: 4 },
      ],
      outputs: [
        { name: 'level', from: 'level' },
        { name: 'voice', from: 'voice' },
        { name: 'raw', from: 'table' },
      ],
      nodes: [
        {
          name: 'level',
          type: 'dense',
          input: 'audio',
          tensors: { weight: 'a', bias: 'b' },
          activation: 'relu',
        },
        { name: 'table', type: 'embedding', input: 'speaker', tensors: { weight: 'c' } },
        { name: 'voice', type: 'dense', input: 'table', tensors: { weight: 'd' } },
      ],
    },
    tensors: new Map([
      ['a', tensor(3, 19)],
      ['b', tensor(3)],
      ['c', tensor(4, 9)],
      ['d', tensor(2, 9)],
    ]),
  };
}
