import { type ModelDefinition, RivuletError, type Runtime } from '../../../src/index.ts';
import { dequantizeModel } from '../../../src/train/dequantize.ts';
import type { TrainingOptions } from '../../../src/train/options.ts';
import { Training } from '../../../src/train/training.ts';
import { type FittedText, fitText, type NamedText, openText } from './text.ts';

type OpenText = NamedText & { readonly fitted: FittedText };

export interface Texts {
  readonly data: OpenText;
  /** A text, or the last fraction of the data. */
  readonly validation: OpenText | number;
}

export interface FineTuneOptions {
  readonly data: string;
  readonly validation: string | number;
  readonly skipUnknown: boolean;
  /** Undefined where time is the limit. */
  readonly epochs?: number;
  readonly batchSize: number;
  readonly unroll: number;
  readonly learningRate: number;
  readonly clipNorm: number;
  readonly dropout: number;
  readonly seed: number;
}

/** @throws RivuletError `invalid-argument`, `invalid-file`, `unknown-character` */
export async function readTexts({ tokenizer }: ModelDefinition, options: FineTuneOptions): Promise<Texts> {
  if (!tokenizer) {
    throw new RivuletError(
      'invalid-argument',
      'finetune is for models of text, and this one has no tokenizer',
    );
  }
  const open = async (path: string) => {
    const text = await openText(path);
    return { ...text, fitted: fitText(text, tokenizer, options.skipUnknown) };
  };
  const { validation } = options;
  return {
    data: await open(options.data),
    validation: typeof validation === 'string' ? await open(validation) : validation,
  };
}

/** @throws RivuletError as `Training` */
export function createTraining(
  runtime: Runtime,
  original: ModelDefinition,
  texts: Texts,
  options: FineTuneOptions,
): Training {
  const { batchSize, unroll, learningRate, clipNorm, dropout, seed } = options;
  const { data, validation } = texts;
  const settings: TrainingOptions = {
    // Where time is the limit, more than there will be.
    epochs: options.epochs ?? 1_000_000,
    validation: typeof validation === 'number' ? validation : validation.fitted.text,
    batchSize,
    unroll,
    learningRate,
    clipNorm,
    dropout,
    seed,
  };
  return new Training(runtime, dequantizeModel(original), data.fitted.text, settings);
}

/** Under the metadata key `finetuning`: what this model learnt after what its `training` says, one entry each time. */
export function withRecord(
  definition: ModelDefinition,
  { data, validation }: Texts,
  training: Training,
): ModelDefinition {
  const { finetuning, ...metadata } = definition.metadata ?? {};
  const { epochs: _, trainable: __, ...options } = training.options;
  const entry = {
    data: data.record,
    validation: typeof validation === 'number' ? validation : validation.record,
    options,
    updates: training.update,
  };
  const entries = [...earlierEntries(finetuning), entry];
  return { ...definition, metadata: { ...metadata, finetuning: JSON.stringify(entries) } };
}

/** Nothing where another program wrote something else under the key. */
function earlierEntries(text: string | undefined): readonly unknown[] {
  try {
    const entries: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(entries) ? entries : [];
  } catch {
    return [];
  }
}
