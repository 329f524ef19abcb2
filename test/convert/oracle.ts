/** ONNX Runtime as an oracle: of tools/oracles, which is not always installed. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

interface OrtTensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
}

interface OrtOptions {
  /** `all` by default: it may compute other float32 roundings than the file says. */
  readonly graphOptimizationLevel?: 'disabled' | 'all';
}

export interface Ort {
  readonly Tensor: new (
    type: 'float32' | 'int64',
    data: Float32Array | BigInt64Array,
    dims: readonly number[],
  ) => OrtTensor;
  readonly InferenceSession: { create(model: Uint8Array, options?: OrtOptions): Promise<OrtSession> };
}

const ORACLES = new URL('../../tools/oracles/', import.meta.url);

/** Undefined where it is not installed. */
export const ort: Ort | undefined = existsSync(new URL('node_modules/onnxruntime-node/', ORACLES))
  ? createRequire(ORACLES)('onnxruntime-node')
  : undefined;
