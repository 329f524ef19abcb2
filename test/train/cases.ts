/** What the tests of the trainer share: runtimes of the training module, and the gradients that a trainer gives. */
import { readFileSync } from 'node:fs';
import type { ModelDefinition } from '../../src/graph/definition.ts';
import { allNodes } from '../../src/graph/reads.ts';
import { createRuntimeSync } from '../../src/runtime/create.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import type { TrainCase } from '../golden/train.ts';

export type Build = 'simd' | 'scalar';

export function trainModule(build: Build): WebAssembly.Module {
  const url = new URL(`../../dist/wasm/train.${build}.wasm`, import.meta.url);
  return new WebAssembly.Module(readFileSync(url));
}

/** A fresh runtime of the training module that `npm run build` made. */
export function trainRuntime(build: Build): Runtime {
  return createRuntimeSync(trainModule(build));
}

/**
 * Partial derivatives as a trainer gives them: two biases of which the cell sees only the sum are one parameter,
 * bias_ih, and bias_hh is none. Of a GRU with resetAfter bias_hh is one for the block n, and 0 elsewhere.
 */
export function parameterGradients(
  definition: ModelDefinition,
  derivatives: ReadonlyMap<string, Float64Array>,
): Map<string, Float64Array> {
  const gradients = new Map(derivatives);
  for (const node of allNodes(definition.graph)) {
    if (node.type !== 'rnn' && node.type !== 'lstm' && node.type !== 'gru') continue;
    const { bias_ih, bias_hh, bias_ih_reverse, bias_hh_reverse } = node.tensors;
    for (const [ih, hh] of [
      [bias_ih, bias_hh],
      [bias_ih_reverse, bias_hh_reverse],
    ]) {
      if (ih === undefined || hh === undefined) continue;
      const own = gradients.get(hh)!.slice();
      if (node.type === 'gru' && node.resetAfter) gradients.set(hh, own.fill(0, 0, (own.length / 3) * 2));
      else gradients.delete(hh);
    }
  }
  return gradients;
}

/** √ Σ g² over all of them. */
export function normOf(gradients: ReadonlyMap<string, Float64Array>): number {
  let sum = 0;
  for (const gradient of gradients.values()) for (const value of gradient) sum += value * value;
  return Math.sqrt(sum);
}

/** The golden case in which two nodes share a tensor: the reference and PyTorch add their gradients. */
export const SHARED_TENSOR = 'one tensor as embedding and head';

/** The longest window of a case. */
export function unrollOf({ windows }: TrainCase): number {
  return Math.max(...windows.map(({ timesteps }) => timesteps));
}

/** As words, so that -0 is not 0. */
export function bits(values: Float32Array): Uint32Array {
  return new Uint32Array(values.slice().buffer);
}
