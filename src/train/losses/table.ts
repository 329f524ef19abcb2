import { RivuletError, show } from '../../errors.ts';
import { readFields } from '../../graph/fields.ts';
import { binaryCrossEntropy } from './binary-cross-entropy.ts';
import { crossEntropy } from './cross-entropy.ts';
import { ctc } from './ctc.ts';
import { huber } from './huber.ts';
import type { LossDefinition, Resolved } from './loss.ts';
import { meanAbsoluteError } from './mean-absolute-error.ts';
import { meanSquaredError } from './mean-squared-error.ts';
import { type LossOption, readOption } from './option.ts';

/** A new loss is a file here, a line here, and its function in assembly/train/loss/. */
export const LOSSES = {
  'cross-entropy': crossEntropy,
  'binary-cross-entropy': binaryCrossEntropy,
  'mean-squared-error': meanSquaredError,
  'mean-absolute-error': meanAbsoluteError,
  huber,
  ctc,
};

export type LossName = keyof typeof LOSSES;

type OptionsOf<Definition> = Definition extends LossDefinition<infer Options> ? Options : never;

/** A loss by its name, with the options that it has. */
export type LossOptions = { [Name in LossName]: OptionsOf<(typeof LOSSES)[Name]> }[LossName];

/** With all defaults filled in; null for what is not there. */
export type ResolvedLoss = { [Name in LossName]: Resolved<OptionsOf<(typeof LOSSES)[Name]>> }[LossName];

/** The definition of a loss, which takes that loss. */
export function lossDefinition(name: LossName): LossDefinition<LossOptions> {
  // Of all definitions the one for this name; TypeScript does not know that its loss comes with it.
  return LOSSES[name] as unknown as LossDefinition<LossOptions>;
}

/**
 * A loss as a program or a recipe gives it, a name or an object with options.
 *
 * @throws RivuletError `invalid-argument`, naming the option
 */
export function readLoss(value: unknown): ResolvedLoss {
  const given = typeof value === 'string' ? { type: requireName(value) } : value;
  return readFields(given, 'options: loss', 'invalid-argument', (fields) => {
    const type = fields.oneOf('type', Object.keys(LOSSES) as LossName[]);
    const read: Record<string, unknown> = { type };
    for (const [name, option] of Object.entries<LossOption<unknown>>(LOSSES[type].options)) {
      read[name] = readOption(option, fields.value(name), `options: loss: ${name}`);
    }
    return read as unknown as ResolvedLoss;
  });
}

function requireName(value: string): LossName {
  if (Object.hasOwn(LOSSES, value)) return value as LossName;
  throw new RivuletError(
    'invalid-argument',
    `options: loss must be one of ${Object.keys(LOSSES).join(', ')}, got ${show(value)}`,
  );
}

/**
 * Whether a loss fits an output.
 *
 * @throws RivuletError `invalid-argument`, saying what would
 */
export function requireLossFits(
  loss: ResolvedLoss,
  output: { readonly name: string; readonly size: number; readonly activation: unknown },
): void {
  for (const [name, option] of Object.entries<LossOption<unknown>>(LOSSES[loss.type].options)) {
    const expected = option.misfit?.((loss as unknown as Record<string, unknown>)[name], output.size);
    if (expected === undefined) continue;
    throw new RivuletError('invalid-argument', `options: loss: ${name} must be ${expected}`);
  }
  const { activation } = lossDefinition(loss.type);
  if (activation === undefined || activation !== output.activation) return;
  throw new RivuletError(
    'invalid-argument',
    `loss ${show(loss.type)} takes logits, and output "${output.name}" is a ${activation} already: take the ${activation} ` +
      'off the graph to train, and put it on again afterwards',
  );
}
