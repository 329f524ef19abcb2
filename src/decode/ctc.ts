import { RivuletError, show } from '../errors.ts';
import type { Model } from '../session/model.ts';
import { Prefixes } from './prefixes.ts';
import { requireOption } from './sampling.ts';

export interface CtcDecodeOptions {
  /** The class between labels, as the model was trained (default 0). */
  blank?: number;
}

export interface CtcBeamOptions extends CtcDecodeOptions {
  /** Prefixes that go on at each timestep, 1 … 1024, 16 by default: wide enough to hold all of them it is exact. */
  beamWidth?: number;
}

export interface CtcDecoded {
  /** Without blanks and repeats. */
  readonly labels: Uint32Array;
  /** A log-probability in nats: greedily that of one alignment, of a beam that of all that were found for the labels. */
  readonly score: number;
}

const MAX_BEAMS = 1024;

/**
 * The labels of the likeliest alignment: the likeliest class of each timestep, the lowest of equals, then repeats and blanks
 * left out (Graves et al. 2006, "best path").
 *
 * @param model whose only output the logits are of; it lends its runtime
 * @param logits [timesteps, classes], as `run` of one stream gives them
 * @throws RivuletError `invalid-argument`, `wrong-length`, `non-finite-input`, `out-of-memory`, `disposed`
 */
export function ctcGreedy(model: Model, logits: Float32Array, options: CtcDecodeOptions = {}): CtcDecoded {
  const { classes, blank } = checkLogits(model, logits, options);
  const labels: number[] = [];
  let score = 0;
  let last = blank;
  eachTimestep(model, logits, classes, (likeliest, _, logProbability) => {
    if (likeliest !== blank && likeliest !== last) labels.push(likeliest);
    score += logProbability;
    last = likeliest;
  });
  return { labels: Uint32Array.from(labels), score };
}

/**
 * The likeliest labels over all their alignments, by prefix beam search (Graves 2012, Hannun et al. 2014): the best
 * sequences first, at most `beamWidth`, of equal ones the one of the lower label first. The same on every engine.
 *
 * @param model whose only output the logits are of; it lends its runtime
 * @param logits [timesteps, classes], as `run` of one stream gives them
 * @throws RivuletError `invalid-argument`, `wrong-length`, `non-finite-input`, `out-of-memory`, `disposed`
 */
export function ctcBeamSearch(
  model: Model,
  logits: Float32Array,
  options: CtcBeamOptions = {},
): CtcDecoded[] {
  const { classes, blank } = checkLogits(model, logits, options);
  const { beamWidth = 16 } = options;
  const isWidth = Number.isInteger(beamWidth) && beamWidth >= 1 && beamWidth <= MAX_BEAMS;
  requireOption(isWidth, 'beamWidth', `an integer from 1 to ${MAX_BEAMS}`, beamWidth);
  const prefixes = new Prefixes(blank, beamWidth);
  eachTimestep(model, logits, classes, (_, probabilities) => prefixes.step(probabilities));
  const { log } = model.runtime.exports;
  return prefixes.best().map(({ labels, mantissa, exponent }) => ({
    labels: Uint32Array.from(labels),
    score: log(mantissa) + exponent * Math.LN2,
  }));
}

function checkLogits(
  model: Model,
  logits: Float32Array,
  { blank = 0 }: CtcDecodeOptions,
): { classes: number; blank: number } {
  model.assertAlive();
  const { outputs } = model;
  if (outputs.length !== 1) {
    throw new RivuletError(
      'invalid-argument',
      `the logits of CTC are the only output of a model, and this one has ${outputs.length}`,
    );
  }
  const classes = outputs[0]!.size;
  requireOption(
    Number.isInteger(blank) && blank >= 0 && blank < classes,
    'blank',
    `a class from 0 to ${classes - 1}`,
    blank,
  );
  // By tag, since a typed array of another realm is no instance of ours.
  if (!ArrayBuffer.isView(logits) || (logits as Float32Array)[Symbol.toStringTag] !== 'Float32Array')
    throw new RivuletError('invalid-argument', `logits must be a Float32Array, got ${show(logits)}`);
  if (logits.length % classes !== 0) {
    throw new RivuletError(
      'wrong-length',
      `logits: expected timesteps of ${classes} values each, got ${logits.length} values`,
    );
  }
  const bad = logits.findIndex((value) => value - value !== 0);
  if (bad < 0) return { classes, blank };
  throw new RivuletError(
    'non-finite-input',
    `logits: every value must be finite, got ${logits[bad]} at index ${bad % classes} of timestep ${Math.floor(bad / classes)}`,
  );
}

/** Of every timestep the likeliest class and the probabilities of all, and the logarithm of the greatest of them. */
function eachTimestep(
  { runtime }: Model,
  logits: Float32Array,
  classes: number,
  see: (likeliest: number, probabilities: Float64Array, logProbability: number) => void,
): void {
  const { exports } = runtime;
  const row = runtime.allocate(8 * classes, 'the logits of a timestep, twice');
  const scratch = row + 4 * classes;
  const probabilities = new Float64Array(classes);
  try {
    for (let from = 0; from < logits.length; from += classes) {
      runtime.floats.set(logits.subarray(from, from + classes), row >> 2);
      const likeliest = exports.argmax(row, classes);
      // It leaves exp(x - max x).
      const loss = exports.crossEntropy(row, classes, likeliest, scratch);
      probabilities.set(runtime.floats.subarray(scratch >> 2, (scratch >> 2) + classes));
      const sum = probabilities.reduce((total, value) => total + value, 0);
      for (let k = 0; k < classes; k++) probabilities[k] = probabilities[k]! / sum;
      see(likeliest, probabilities, -loss);
    }
  } finally {
    runtime.free(row);
  }
}
