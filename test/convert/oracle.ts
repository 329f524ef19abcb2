/** ONNX Runtime, which tools/oracles has as a package of its own. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

interface Tensor {
  readonly data: Float32Array;
}

interface Session {
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}

export interface OnnxRuntime {
  readonly Tensor: new (type: 'float32', data: Float32Array, shape: readonly number[]) => Tensor;
  readonly InferenceSession: { create(model: Uint8Array): Promise<Session> };
}

const folder = new URL('../../tools/oracles/', import.meta.url);

export const hasOnnxRuntime = existsSync(new URL('node_modules/onnxruntime-node', folder));

export function onnxRuntime(): OnnxRuntime {
  return createRequire(new URL('package.json', folder))('onnxruntime-node') as OnnxRuntime;
}
