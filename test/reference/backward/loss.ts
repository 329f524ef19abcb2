/**
 * Losses in float64, and their derivatives. Of a row y, with weights w of classes or of what is positive:
 *
 *   cross-entropy          l = (1 - s) w[t] l[t] + s / n Σ w l, l = -log softmax(y)     dy by the derivative of l
 *   binary cross-entropy   l = -Σ (w t log σ(y) + (1 - t) log(1 - σ(y))) / n
 *   mean squared error     l = Σ (y - t)² / n
 *   mean absolute error    l = Σ |y - t| / n
 *   huber                  l = Σ (d² / 2 or delta (|d| - delta / 2)) / n, d = y - t
 */
import type { LossName, LossOptions } from '../../../src/train/losses/table.ts';
import { softmax } from '../activations.ts';
import { add, affine, leaf, logSoftmax, map, mul, pick, type Value, zeros } from '../autodiff.ts';

export type ReferenceLoss = LossName | LossOptions;

export interface RowLoss {
  readonly loss: number;
  /** [size] */
  readonly dy: Float64Array;
  /** What the row's weight in the mean is multiplied by. */
  readonly weight: number;
}

/** Of row `index` of the targets. */
export function rowLoss(
  loss: LossOptions,
  y: Float64Array,
  targets: ArrayLike<number>,
  index: number,
): RowLoss {
  if (loss.type === 'cross-entropy') return crossEntropy(y, targets[index]!, loss);
  const target = Array.from(y, (_, n) => targets[index * y.length + n]!);
  const terms = y.map((value, n) => valueLoss(loss, value, target[n]!, n).loss / y.length);
  const dy = y.map((value, n) => valueLoss(loss, value, target[n]!, n).slope / y.length);
  return { loss: terms.reduce((sum, term) => sum + term, 0), dy, weight: 1 };
}

/** logits: [classes]; in nats */
export function crossEntropy(
  logits: Float64Array,
  target: number,
  { labelSmoothing = 0, ignore, weights }: Omit<LossOptions & { type: 'cross-entropy' }, 'type'> = {},
): RowLoss {
  if (target === ignore) return { loss: 0, dy: new Float64Array(logits.length), weight: 0 };
  if (!Number.isInteger(target) || target < 0 || target >= logits.length)
    throw new Error(`target ${target} of ${logits.length} classes`);
  const greatest = logits.reduce((a, b) => Math.max(a, b));
  const sum = logits.reduce((total, value) => total + Math.exp(value - greatest), 0);
  const weightOf = (n: number) => weights?.[n] ?? 1;
  // What the target is a distribution of, times the weights.
  const share = logits.map(
    (_, n) => weightOf(n) * (labelSmoothing / logits.length + (n === target ? 1 - labelSmoothing : 0)),
  );
  const all = share.reduce((total, value) => total + value, 0);
  return {
    loss: logits.reduce((total, value, n) => total + share[n]! * (Math.log(sum) + greatest - value), 0),
    dy: softmax(logits).map((p, n) => all * p - share[n]!),
    weight: weightOf(target),
  };
}

function valueLoss(loss: LossOptions, y: number, t: number, n: number): { loss: number; slope: number } {
  const d = y - t;
  switch (loss.type) {
    case 'mean-squared-error':
      return { loss: d * d, slope: 2 * d };
    case 'mean-absolute-error':
      return { loss: Math.abs(d), slope: Math.sign(d) };
    case 'huber': {
      const { delta = 1 } = loss;
      if (Math.abs(d) < delta) return { loss: (d * d) / 2, slope: d };
      return { loss: delta * (Math.abs(d) - delta / 2), slope: delta * Math.sign(d) };
    }
    case 'binary-cross-entropy': {
      const { positiveWeight } = loss;
      const weight = typeof positiveWeight === 'number' ? positiveWeight : (positiveWeight?.[n] ?? 1);
      const sigmoid = 1 / (1 + Math.exp(-y));
      return {
        loss: -(weight * t * Math.log(sigmoid) + (1 - t) * Math.log(1 - sigmoid)),
        slope: (1 - t) * sigmoid - weight * t * (1 - sigmoid),
      };
    }
    default:
      throw new Error(`${loss.type} has no loss of one value`);
  }
}

/**
 * CTC of a sequence of logits against labels, over the number of labels: the probability of all alignments timestep by
 * timestep, in numbers that can be differentiated, not their logarithms.
 */
export function ctcLoss(logits: readonly Value[], labels: ArrayLike<number>, blank: number): Value {
  const states = Array.from({ length: 2 * labels.length + 1 }, (_, s) =>
    s % 2 ? labels[(s - 1) / 2]! : blank,
  );
  const from = (step: number) =>
    states.map((label, s) =>
      step === 2 && (label === blank || label === states[s - 2]) ? -1 : Math.max(-1, s - step),
    );
  let ways = zeros(states.length);
  logits.forEach((timestep, t) => {
    const p = pick(exp(logSoftmax(timestep)), states);
    // At the first timestep one way to each of the first two states.
    const reached =
      t === 0
        ? leaf(states.map((_, s) => (s < 2 ? 1 : 0)))
        : add(...[0, 1, 2].map((step) => pick(ways, from(step))));
    ways = mul(p, reached);
  });
  const last = states.length - 1;
  const total = add(pick(ways, [last]), pick(ways, [last - 1]));
  return affine(log(total), -1 / Math.max(1, labels.length));
}

function exp(x: Value): Value {
  return map(x, Math.exp, (_, y) => y);
}

function log(x: Value): Value {
  return map(x, Math.log, (value) => 1 / value);
}

/** values, target: [size] */
export function meanSquaredError(values: Float64Array, target: ArrayLike<number>): RowLoss {
  return rowLoss({ type: 'mean-squared-error' }, values, target, 0);
}
