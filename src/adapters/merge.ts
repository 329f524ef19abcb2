import { RivuletError, show } from '../errors.ts';
import type { ModelDefinition, Tensor } from '../graph/definition.ts';
import { type Factors, type Float32Tensor, type LowRank, scaleOf } from './low-rank.ts';

/**
 * A float32 model with W' = W + (alpha / rank) B A in the place of each adapted matrix, summed in float64 and rounded once.
 *
 * @throws RivuletError `adapter-mismatch` where a factor fits no matrix, `non-finite-weight`
 */
export function mergeLowRank(definition: ModelDefinition, adapter: LowRank): ModelDefinition {
  const tensors = new Map(definition.tensors);
  for (const [name, factors] of adapter.factors) {
    const tensor = requireMatrix(name, definition.tensors.get(name), factors);
    tensors.set(name, { ...tensor, data: mergeMatrix(name, tensor, factors, scaleOf(adapter)) });
  }
  return { ...definition, tensors };
}

/** The matrix of these factors. @throws RivuletError `adapter-mismatch` */
export function requireMatrix<T extends Tensor>(
  name: string,
  tensor: T | undefined,
  { a, b }: Factors,
): Float32Tensor {
  const [rows, columns] = [b.shape[0], a.shape[1]];
  const { shape } = tensor ?? {};
  if (tensor && shape?.length === 2 && shape[0] === rows && shape[1] === columns)
    return tensor as Float32Tensor;
  throw new RivuletError(
    'adapter-mismatch',
    `the adapter changes a matrix ${show(name)} [${rows}, ${columns}], and the model has ` +
      `${tensor ? `[${shape}]` : 'none'}: use it with the model that it was trained on`,
  );
}

function mergeMatrix(
  name: string,
  { shape, data }: Float32Tensor,
  { a, b }: Factors,
  scale: number,
): Float32Array {
  const [rows, columns] = shape as [number, number];
  const rank = a.shape[0]!;
  const merged = new Float32Array(data.length);
  const sums = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    sums.fill(0);
    for (let r = 0; r < rank; r++) {
      const factor = b.data[row * rank + r]!;
      for (let i = 0; i < columns; i++) sums[i]! += factor * a.data[r * columns + i]!;
    }
    for (let i = 0; i < columns; i++) merged[row * columns + i] = data[row * columns + i]! + scale * sums[i]!;
  }
  const at = merged.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return merged;
  throw new RivuletError(
    'non-finite-weight',
    `tensor ${show(name)}: with the adapter the weight at index ${at} is ${merged[at]}, which is no finite float32`,
  );
}
