import { readFileSync } from 'node:fs';
import type { ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { Random } from '../reference/random.ts';

export function fixture(name: string): Uint8Array {
  return readFileSync(new URL(`./fixtures/${name}.safetensors`, import.meta.url));
}

export function float32(shape: readonly number[], random = new Random(1)): Tensor {
  return { dtype: 'F32', shape, data: random.uniforms(product(shape), -1, 1) };
}

export function int8(shape: readonly number[], random = new Random(2)): Tensor {
  return {
    dtype: 'I8',
    shape,
    data: Int8Array.from({ length: product(shape) }, () => random.integer(-127, 128)),
  };
}

/** A language model of five characters, small enough to be tried at every byte; its head is int8. */
export function smallModel(): ModelDefinition {
  return {
    graph: {
      inputs: [{ name: 'tokens', kind: 'tokens', size: 5 }],
      outputs: [{ name: 'logits', from: 'head' }],
      nodes: [
        { name: 'embedding', type: 'embedding', input: 'tokens', tensors: { weight: 'embedding.weight' } },
        {
          name: 'gru',
          type: 'gru',
          input: 'embedding',
          tensors: { weight_ih: 'gru.weight_ih', weight_hh: 'gru.weight_hh', bias_ih: 'gru.bias_ih' },
          resetAfter: true,
        },
        {
          name: 'head',
          type: 'dense',
          input: 'gru',
          tensors: { weight: 'head.weight', bias: 'head.bias' },
        },
      ],
    },
    tensors: new Map([
      ['embedding.weight', float32([5, 3])],
      ['gru.weight_ih', float32([6, 3])],
      ['gru.weight_hh', float32([6, 2])],
      ['gru.bias_ih', float32([6])],
      ['head.weight', int8([5, 2])],
      ['head.weight.scale', { dtype: 'F32', shape: [5], data: new Float32Array([1, 0.5, 0, 2, 3]) }],
      ['head.bias', float32([5])],
    ]),
    tokenizer: {
      type: 'characters',
      vocabulary: ['\n', 'a', 'é', '😀', '"'],
      replacements: { '“': '"', '\r': '' },
    },
    metadata: { training: '{"epochs":3}' },
  };
}

function product(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}
