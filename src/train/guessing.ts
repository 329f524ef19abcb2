import type { Runtime } from '../runtime/runtime.ts';
import type { Dataset } from './dataset.ts';

/**
 * The loss of who has learnt nothing: all classes equally likely, which is ln(classes), or every value 0, which is the
 * mean of the squared targets. The least is 1e-6, so that twice the loss on targets of nothing but zeros is a limit too.
 */
export function guessingLoss(runtime: Runtime, dataset: Dataset, outputSize: number): number {
  const loss = dataset.loss === 'cross-entropy' ? logarithm(runtime, outputSize) : meanSquare(dataset);
  return Math.max(loss, 1e-6);
}

/** ln n, as the module computes it: the cross-entropy of n equal logits. */
function logarithm(runtime: Runtime, n: number): number {
  const logits = runtime.allocate(8 * n, 'as many equal logits and room to add them');
  try {
    runtime.bytes.fill(0, logits, logits + 8 * n);
    return runtime.exports.crossEntropy(logits, n, 0, logits + 4 * n);
  } finally {
    runtime.free(logits);
  }
}

function meanSquare({ sequences }: Dataset): number {
  let sum = 0;
  let count = 0;
  for (const { targets } of sequences) {
    for (let i = 0; i < targets.length; i++) sum += targets[i]! * targets[i]!;
    count += targets.length;
  }
  return sum / count;
}
