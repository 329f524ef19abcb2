import type { Runtime } from '../runtime/runtime.ts';
import type { Dataset } from './dataset.ts';
import { lossDefinition } from './losses/table.ts';

/**
 * The loss of who has learnt nothing and gives zeros: all classes equally likely, which is ln(classes), every value 0, the
 * mean of the squared targets for instance. The least is 1e-6, so that twice the loss on targets of nothing but zeros is a
 * limit too.
 */
export function guessingLoss(runtime: Runtime, { sequences, loss }: Dataset, outputs: number): number {
  const { guess } = lossDefinition(loss.type);
  return Math.max(
    guess(sequences, outputs, (n) => logarithm(runtime, n), loss),
    1e-6,
  );
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
