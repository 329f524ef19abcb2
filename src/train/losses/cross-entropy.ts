import { Loss } from '../../../assembly/shared/codes.ts';
import type { LossDefinition } from './loss.ts';
import { noClassByDefault, real, weightList } from './option.ts';

/**
 * Of logits against one class a timestep, in nats, as PyTorch's `CrossEntropyLoss`: with weights w, smoothing s, target t
 * and l[i] = -log softmax(x)[i] over n classes
 *
 *     loss of a row = (1 - s) w[t] l[t] + s / n Σ w[i] l[i]
 *
 * and the mean is the sum over the rows divided by the sum of their w[t], rows of the ignored class left out.
 */
export interface CrossEntropyOptions {
  readonly type: 'cross-entropy';
  /** The share of the target that goes to all classes alike: at least 0 and below 1, 0 unless given. */
  readonly labelSmoothing?: number;
  /** A target that does not count, one of the classes or a number above them; none unless given. */
  readonly ignore?: number | null;
  /** A weight for each class, at least 0; all 1 unless given. */
  readonly weights?: readonly number[] | null;
}

export const crossEntropy: LossDefinition<CrossEntropyOptions> = {
  code: Loss.CrossEntropy,
  targets: 'classes',
  activation: 'softmax',
  options: {
    labelSmoothing: real(0, 'of at least 0 and below 1', (x) => x >= 0 && x < 1),
    ignore: noClassByDefault(),
    weights: weightList('class'),
  },
  expects: (outputs, { ignore }) =>
    `expected a class in 0 … ${outputs - 1}${ignore === null ? '' : ` or the ignored ${ignore}`}`,
  accepts: (value, outputs, { ignore }) =>
    (Number.isInteger(value) && value >= 0 && value < outputs) || value === ignore,
  constants: ({ labelSmoothing, ignore, weights }) => ({
    option: labelSmoothing,
    label: ignore ?? -1,
    weights,
  }),
  weight: (target, { ignore, weights }) => (target === ignore ? 0 : (weights?.[target] ?? 1)),
  // Of n equal logits every class has ln n.
  guess(sequences, outputs, log, { labelSmoothing, weights, ignore }) {
    if (!weights || labelSmoothing === 0) return log(outputs);
    const mean = weights.reduce((sum, weight) => sum + weight, 0) / outputs;
    let [counted, weight] = [0, 0];
    for (const { targets } of sequences) {
      for (const target of targets) {
        if (target === ignore) continue;
        counted++;
        weight += weights[target]!;
      }
    }
    return log(outputs) * (1 - labelSmoothing + (labelSmoothing * mean * counted) / weight);
  },
};
