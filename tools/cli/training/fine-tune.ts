import { type ModelDefinition, RivuletError, type Runtime } from '../../../src/index.ts';
import { dequantizeModel, forQuantized } from '../../../src/train/dequantize.ts';
import { Training } from '../../../src/train/training.ts';
import { readBytesIfAny } from '../files.ts';
import { type FittedText, fitText, type NamedText, openText } from './text.ts';

type OpenText = NamedText & { readonly fitted: FittedText };

export interface Texts {
  readonly data: OpenText;
  /** A text, or the last fraction of the data. */
  readonly validation: OpenText | number;
}

/** Files of a fine-tuning besides its model; none is written that is not asked for. */
export interface FineTuneFiles {
  readonly log?: string;
  readonly report?: string;
  readonly checkpoint?: string;
  readonly checkpointEvery: number;
  readonly resume: boolean;
}

export interface FineTuneOptions extends FineTuneFiles {
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
  readonly quantizationAware: boolean;
  readonly seed: number;
  /** File of the adapter that is trained alone. */
  readonly adapter?: string;
  readonly rank: number;
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

/**
 * From nothing, or with `resume` from the checkpoint; never over one.
 *
 * @throws RivuletError as `Training`
 */
export async function createTraining(
  runtime: Runtime,
  original: ModelDefinition,
  texts: Texts,
  options: FineTuneOptions,
): Promise<Training> {
  const { batchSize, unroll, learningRate, clipNorm, dropout, seed } = options;
  const { data, validation } = texts;
  const settings = forQuantized(original, {
    // Where time is the limit, more than there will be.
    epochs: options.epochs ?? 1_000_000,
    validation: typeof validation === 'number' ? validation : validation.fitted.text,
    batchSize,
    unroll,
    learningRate,
    clipNorm,
    dropout,
    ...(options.quantizationAware && { quantizationAware: 'int8' }),
    seed,
    ...(options.adapter !== undefined && { adapters: { rank: options.rank } }),
  });
  const definition = dequantizeModel(original);
  const checkpoint = await openCheckpoint(options);
  return checkpoint
    ? Training.resume(runtime, definition, data.fitted.text, settings, checkpoint)
    : new Training(runtime, definition, data.fitted.text, settings);
}

async function openCheckpoint({ checkpoint: path, resume }: FineTuneFiles): Promise<Uint8Array | undefined> {
  if (path === undefined) {
    if (!resume) return undefined;
    throw new RivuletError(
      'invalid-argument',
      '--resume goes on from a checkpoint: name it with --checkpoint FILE',
    );
  }
  const bytes = await readBytesIfAny(path);
  if (resume || !bytes) return bytes;
  throw new RivuletError(
    'invalid-argument',
    `${path} is the checkpoint of a training that has not finished: go on from it with --resume, or remove it`,
  );
}

/** What is trained, for the first line of the log. */
export function describeTask({ data, validation }: Texts, { options, updates }: Training): unknown {
  return {
    data: data.record,
    validation: typeof validation === 'number' ? validation : validation.record,
    options,
    updates,
  };
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
