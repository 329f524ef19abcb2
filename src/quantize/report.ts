import type { Tensor } from '../graph/definition.ts';
import { scaleName } from '../graph/node-tensors.ts';

/** What rounding did to one node; `bytesAfter` counts the scales. */
export interface QuantizedLayer {
  readonly node: string;
  /** The matrices that became int8. */
  readonly tensors: readonly string[];
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  /** The largest |w - ŵ|. */
  readonly maxError: number;
  /** 10 log10(Σ w² / Σ (w - ŵ)²), in dB; Infinity where rounding lost nothing. */
  readonly sqnrDb: number;
}

/**
 * `bytesBefore` and `bytesAfter`: of all tensors of the model. Errors: over the matrices that became int8.
 */
export interface QuantizationReport {
  readonly layers: readonly QuantizedLayer[];
  readonly bytesBefore: number;
  readonly bytesAfter: number;
  readonly maxError: number;
  readonly sqnrDb: number;
}

type Tensors = ReadonlyMap<string, Tensor>;

/** int8 [rows, columns], or [rows, …] of a convolution, times the scale of its row. */
export function dequantize(matrix: Tensor, scale: Tensor): Float32Array {
  const [rows = 0] = matrix.shape;
  const columns = matrix.data.length / rows;
  const weights = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let at = row * columns; at < (row + 1) * columns; at++)
      weights[at] = matrix.data[at]! * scale.data[row]!;
  }
  return weights;
}

export function measureError(
  node: string,
  names: readonly string[],
  before: Tensors,
  after: Tensors,
): QuantizedLayer {
  const scales = names.map(scaleName);
  return {
    node,
    tensors: names,
    bytesBefore: countBytes(names, before),
    bytesAfter: countBytes([...names, ...scales], after),
    ...compare(names, before, after),
  };
}

export function summarize(
  layers: readonly QuantizedLayer[],
  before: Tensors,
  after: Tensors,
): QuantizationReport {
  const names = new Set(layers.flatMap((layer) => layer.tensors));
  return {
    layers,
    bytesBefore: countBytes(before.keys(), before),
    bytesAfter: countBytes(after.keys(), after),
    ...compare(names, before, after),
  };
}

function compare(
  names: Iterable<string>,
  before: Tensors,
  after: Tensors,
): { maxError: number; sqnrDb: number } {
  let maxError = 0;
  let signal = 0;
  let noise = 0;
  for (const name of names) {
    const exact = before.get(name)!.data;
    const rounded = dequantize(after.get(name)!, after.get(scaleName(name))!);
    for (let at = 0; at < exact.length; at++) {
      const error = Math.abs(exact[at]! - rounded[at]!);
      maxError = Math.max(maxError, error);
      signal += exact[at]! ** 2;
      noise += error ** 2;
    }
  }
  return { maxError, sqnrDb: noise === 0 ? Infinity : 10 * Math.log10(signal / noise) };
}

function countBytes(names: Iterable<string>, tensors: Tensors): number {
  let bytes = 0;
  for (const name of names) bytes += tensors.get(name)!.data.byteLength;
  return bytes;
}
