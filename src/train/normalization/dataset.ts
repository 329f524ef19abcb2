import { RivuletError, show } from '../../errors.ts';
import { type Fields, readFields } from '../../graph/fields.ts';
import type { Dataset, Sequence } from '../dataset.ts';
import { lossDefinition } from '../losses/table.ts';
import { applyAffine, invertAffine } from './affine.ts';
import type { Normalization, Scalings } from './graph.ts';
import { measureScaling, SCALING_METHODS, type Scaling, type ScalingMethod } from './scaling.ts';

/** How the values of one side are normalized: as measured on the training data, as given, or not. */
export type ScalingOption = ScalingMethod | 'none' | Scaling;

/**
 * One method for inputs and targets, as far as they are values (tokens and classes are not), or what is to be done with
 * each; `none` where it is left out.
 */
export type NormalizationOption =
  | ScalingMethod
  | { readonly inputs?: ScalingOption; readonly targets?: ScalingOption };

/** The option of a training, checked. */
export interface CheckedNormalization {
  readonly inputs: ScalingOption;
  readonly targets: ScalingOption;
  /** Whether a side that has no values may be passed over. */
  readonly whereValues: boolean;
}

/** @throws RivuletError `invalid-argument` */
export function checkNormalization(value: unknown): CheckedNormalization | undefined {
  if (value === undefined) return undefined;
  const method = SCALING_METHODS.find((known) => known === value);
  if (method) return { inputs: method, targets: method, whereValues: true };
  if (typeof value === 'string') {
    throw new RivuletError(
      'invalid-argument',
      `options: normalization must be one of ${SCALING_METHODS.join(', ')}, or { inputs, targets }, got ${show(value)}`,
    );
  }
  return readFields(value, 'options: normalization', 'invalid-argument', (fields) => ({
    inputs: readScaling(fields, 'inputs'),
    targets: readScaling(fields, 'targets'),
    whereValues: false,
  }));
}

function readScaling(fields: Fields, side: string): ScalingOption {
  const value = fields.value(side);
  if (value === undefined || value === 'none') return 'none';
  if (typeof value === 'string') return fields.oneOf(side, SCALING_METHODS);
  return fields.object(side, (scaling) => ({
    center: numbers(scaling, 'center'),
    scale: numbers(scaling, 'scale'),
  }));
}

function numbers(fields: Fields, name: string): readonly number[] {
  const values = fields.array(name);
  if (values.every((value) => typeof value === 'number')) return values as readonly number[];
  throw new RivuletError('invalid-argument', `${fields.place}: ${name} must be an array of numbers`);
}

/**
 * The scalings of what was asked for, measured on a dataset where they are not given.
 *
 * @throws RivuletError `invalid-argument` where what shall be normalized has no values
 */
export function scalingsFor(
  dataset: Dataset,
  { inputs, targets, whereValues }: CheckedNormalization,
): Scalings {
  const measured = (side: 'inputs' | 'targets', option: ScalingOption): Scaling | undefined => {
    if (option === 'none') return undefined;
    if (!hasValues(dataset, side)) {
      if (whereValues) return undefined;
      throw new RivuletError(
        'invalid-argument',
        `options: normalization: ${side} are ${side === 'inputs' ? 'tokens' : 'no values of a regression'}, which have ` +
          'no scale: leave them out',
      );
    }
    if (typeof option !== 'string') return option;
    const width = side === 'inputs' ? dataset.inputWidth : dataset.targetWidth;
    const values = dataset.sequences.map((sequence) => sequence[side] as Float32Array);
    const { center, scale } = measureScaling(values, width, option);
    return { center, scale };
  };
  const [ofInputs, ofTargets] = [measured('inputs', inputs), measured('targets', targets)];
  return { ...(ofInputs && { inputs: ofInputs }), ...(ofTargets && { targets: ofTargets }) };
}

/** The data in the units in which a model without its normalization computes. */
export function normalizeDataset(dataset: Dataset, { input, output }: Normalization): Dataset {
  if (!input && !output) return dataset;
  if (output && !hasValues(dataset, 'targets')) {
    throw new RivuletError(
      'invalid-argument',
      `loss ${show(dataset.loss.type)} is not for a model with a normalized output, which gives values of a regression`,
    );
  }
  const normalized = (sequence: Sequence): Sequence => ({
    ...sequence,
    ...(input && { inputs: applyAffine(input, sequence.inputs as Float32Array) }),
    ...(output && { targets: invertAffine(output, sequence.targets as Float32Array) }),
  });
  return { ...dataset, sequences: dataset.sequences.map(normalized) };
}

/** What decides over normalized data besides the data, for a fingerprint. */
export function* normalizationBytes({ input, output }: Normalization): Generator<Float32Array> {
  for (const affine of [input, output]) if (affine) yield* [affine.weight, affine.bias];
}

function hasValues(dataset: Dataset, side: 'inputs' | 'targets'): boolean {
  if (side === 'targets') {
    const { targets, activation } = lossDefinition(dataset.loss.type);
    // A loss that does something to the output itself reads logits, and its targets are probabilities.
    return targets === 'values' && activation === undefined;
  }
  return dataset.sequences[0]!.inputs[Symbol.toStringTag] === 'Float32Array';
}
