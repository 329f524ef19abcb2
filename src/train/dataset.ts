import { RivuletError, show } from '../errors.ts';
import type { GraphInput } from '../graph/definition.ts';
import { floatsOf, type PlainValues, wordsOf } from './data/plain.ts';
import { requireLabels } from './labels.ts';
import { lossDefinition, type ResolvedLoss, readLoss, requireLossFits } from './losses/table.ts';
import type { Ports } from './ports.ts';

/**
 * One stream of examples: a text for a model with a tokenizer, or tokens, where each is predicted from all before it; or
 * inputs and what the output shall be at each timestep.
 */
export type Examples =
  | string
  | Uint32Array
  | {
      /** Tokens [timesteps] or features [timesteps, size]. */
      readonly inputs: Uint32Array | Float32Array | PlainValues;
      /**
       * Classes [timesteps] for cross-entropy; values [timesteps, size of the output] for the losses of values; the labels of
       * the sequence for CTC, [labels], no more of them than its timesteps can emit. Plain arrays are values, unless a loss of
       * classes or labels is asked for.
       */
      readonly targets: Uint32Array | Float32Array | PlainValues;
      readonly timesteps?: number;
    };

/** One stream, or separate sequences of any lengths, each of which begins in the zero state. */
export type TrainingData = Examples | readonly Examples[];

/** Examples that were checked. Arrays may be views of the caller's. */
export interface Sequence {
  readonly inputs: Uint32Array | Float32Array;
  readonly targets: Uint32Array | Float32Array;
  readonly timesteps: number;
}

export interface Dataset {
  /** False for one stream, whose state may be carried from window to window. */
  readonly separate: boolean;
  readonly sequences: readonly Sequence[];
  readonly loss: ResolvedLoss;
  /** Values per timestep of the inputs and the targets; 1 for tokens and classes, 0 for labels of a whole sequence. */
  readonly inputWidth: number;
  readonly targetWidth: number;
}

/**
 * Checks data against the model that shall learn it, value by value.
 *
 * @param loss where undefined: cross-entropy for classes, mean squared error for values
 * @param what the data is, as errors name it
 * @throws RivuletError `invalid-argument`, `empty-data`, `wrong-length`, `token-out-of-range`, `non-finite-input`,
 * `invalid-target`, `unknown-character`
 */
export function readDataset(
  data: TrainingData,
  ports: Ports,
  loss: ResolvedLoss | undefined,
  what = 'data',
): Dataset {
  const isList = Array.isArray(data);
  const list = isList ? (data as readonly Examples[]) : [data as Examples];
  if (list.length === 0) {
    throw new RivuletError('empty-data', `${what}: expected at least one sequence, got an empty list`);
  }
  const read = list.map((examples, index) => {
    const place = isList ? `${what}: sequence ${index}` : what;
    return { place, ...readExamples(examples, ports, loss, place) };
  });
  const resolved =
    loss ?? readLoss(isArray('Uint32Array', read[0]!.targets) ? 'cross-entropy' : 'mean-squared-error');
  requireLossFits(resolved, ports.output);
  const { targets: kind } = lossDefinition(resolved.type);
  const inputWidth = ports.input.kind === 'tokens' ? 1 : ports.input.size;
  const targetWidth = { classes: 1, values: ports.output.size, labels: 0 }[kind];
  const sequences = read.map(({ place, ...examples }) => {
    const timesteps = countTimesteps(examples, inputWidth, targetWidth, resolved, place);
    checkInputs(examples.inputs, ports.input, place);
    const { inputs, targets } = examples;
    if (kind === 'labels') {
      requireLabels(targets as Uint32Array, timesteps, resolved, ports.output.size, `${place}: targets`);
    } else checkTargets(targets, ports.output.size, resolved, place);
    return { inputs, targets, timesteps };
  });
  return { separate: isList || kind === 'labels', sequences, loss: resolved, inputWidth, targetWidth };
}

/**
 * Whether a loss would be the mean over anything.
 *
 * @throws RivuletError `empty-data` where the loss ignores every target
 */
export function requireCounted({ sequences, loss }: Dataset, what: string): void {
  const { weight } = lossDefinition(loss.type);
  if (!weight || sequences.some(({ targets }) => targets.some((target) => weight(target, loss) > 0))) return;
  throw new RivuletError(
    'empty-data',
    `${what}: no target counts, since the loss ignores each or gives its class the weight 0: change the loss or the data`,
  );
}

/**
 * The last `fraction` of the data set apart: timesteps of a stream, or whole sequences.
 *
 * @throws RivuletError `empty-data` where nothing would be left on one side
 */
export function splitDataset(dataset: Dataset, fraction: number): { training: Dataset; validation: Dataset } {
  const { separate, sequences } = dataset;
  const unit = separate ? 'sequences' : 'timesteps';
  const count = separate ? sequences.length : sequences[0]!.timesteps;
  const last = Math.round(count * fraction);
  if (last < 1 || last >= count) {
    throw new RivuletError(
      'empty-data',
      `validation ${fraction} of ${count} ${unit} leaves ${count - last} for training and ${last} for validation: ` +
        'both need at least one; give more data, or validation data of its own',
    );
  }
  const part = (from: number, to: number): Dataset => ({
    ...dataset,
    sequences: separate ? sequences.slice(from, to) : [cutSequence(sequences[0]!, dataset, from, to)],
  });
  return { training: part(0, count - last), validation: part(count - last, count) };
}

/** All bytes of the data, for a fingerprint. */
export function* datasetBytes(dataset: Dataset): Generator<string | Sequence['inputs']> {
  yield `${dataset.separate} ${dataset.loss.type}`;
  for (const { inputs, targets } of dataset.sequences) {
    yield inputs;
    yield targets;
  }
}

/** The timesteps from … to of a sequence, labels as they are; views. */
export function cutSequence(
  sequence: Sequence,
  { inputWidth, targetWidth }: Dataset,
  from: number,
  to: number,
): Sequence {
  return {
    inputs: sequence.inputs.subarray(from * inputWidth, to * inputWidth),
    targets:
      targetWidth === 0 ? sequence.targets : sequence.targets.subarray(from * targetWidth, to * targetWidth),
    timesteps: to - from,
  };
}

type Pair = Pick<Sequence, 'inputs' | 'targets'> & { readonly timesteps?: number | undefined };

function readExamples(examples: Examples, ports: Ports, loss: ResolvedLoss | undefined, place: string): Pair {
  if (typeof examples === 'string') {
    if (!ports.tokenizer) {
      throw new RivuletError(
        'invalid-argument',
        `${place}: text needs a model with a tokenizer, and this one has none: give tokens, or inputs and targets`,
      );
    }
    return predictNext(ports.tokenizer.encode(examples), ports, place);
  }
  if (isArray('Uint32Array', examples)) return predictNext(examples, ports, place);
  if (typeof examples !== 'object' || examples === null || ArrayBuffer.isView(examples)) {
    throw new RivuletError(
      'invalid-argument',
      `${place}: expected a text, a Uint32Array of tokens or { inputs, targets }, got ${show(examples)}` +
        `${typeof examples === 'number' ? '; a list of numbers becomes tokens with Uint32Array.from(list)' : ''}`,
    );
  }
  const floats = ports.input.kind === 'features';
  const { timesteps } = examples;
  const { inputs, targets } = withoutPlainArrays(examples, ports, loss, place);
  if (!isArray(floats ? 'Float32Array' : 'Uint32Array', inputs)) {
    const expected = floats
      ? `a Float32Array [timesteps, ${ports.input.size}]`
      : 'a Uint32Array of tokens [timesteps]';
    throw new RivuletError(
      'invalid-argument',
      `${place}: inputs must be ${expected} (input "${ports.input.name}"), got ${show(inputs)}`,
    );
  }
  if (!isArray('Uint32Array', targets) && !isArray('Float32Array', targets)) {
    throw new RivuletError(
      'invalid-argument',
      `${place}: targets must be a Uint32Array of classes or a Float32Array of values, got ${show(targets)}`,
    );
  }
  return { inputs: inputs as Sequence['inputs'], targets: targets as Sequence['targets'], timesteps };
}

function withoutPlainArrays(
  { inputs, targets }: Exclude<Examples, string | Uint32Array>,
  { input, output }: Ports,
  loss: ResolvedLoss | undefined,
  place: string,
): { readonly inputs: unknown; readonly targets: unknown } {
  const typed = (values: unknown, width: number | undefined, what: 'inputs' | 'targets') => {
    if (!Array.isArray(values)) return values;
    if (width !== undefined) return floatsOf(values, width, `${place}: ${what}`);
    return wordsOf(values, `${place}: ${what}`, what === 'inputs' ? 'token-out-of-range' : 'invalid-target');
  };
  const areValues = loss === undefined || lossDefinition(loss.type).targets === 'values';
  return {
    inputs: typed(inputs, input.kind === 'tokens' ? undefined : input.size, 'inputs'),
    targets: typed(targets, areValues ? output.size : undefined, 'targets'),
  };
}

/** Every token but the last is an input, and the one after it its target. */
function predictNext(tokens: Uint32Array, { input, output }: Ports, place: string): Pair {
  if (input.kind !== 'tokens' || output.size !== input.size) {
    throw new RivuletError(
      'invalid-argument',
      `${place}: to predict the next token a model needs an input of tokens and as many logits; this one has ` +
        `${input.size} ${input.kind} and ${output.size} outputs: give { inputs, targets }`,
    );
  }
  if (tokens.length < 2) {
    throw new RivuletError(
      'empty-data',
      `${place}: expected at least 2 tokens, of which the first predicts the second, got ${tokens.length}`,
    );
  }
  return { inputs: tokens.subarray(0, -1), targets: tokens.subarray(1) };
}

function countTimesteps(
  { inputs, targets, timesteps }: Pair,
  inputWidth: number,
  targetWidth: number,
  loss: ResolvedLoss,
  place: string,
): number {
  const { targets: kind } = lossDefinition(loss.type);
  const array = kind === 'values' ? 'Float32Array' : 'Uint32Array';
  if (!isArray(array, targets)) {
    throw new RivuletError(
      'invalid-argument',
      `${place}: loss "${loss.type}" takes targets in a ${array} of ${kind}, got ${show(targets)}`,
    );
  }
  const count = timesteps ?? inputs.length / inputWidth;
  if (timesteps !== undefined && (!Number.isSafeInteger(timesteps) || timesteps < 0)) {
    throw new RivuletError(
      'invalid-argument',
      `${place}: timesteps must be an integer of at least 1, got ${show(timesteps)}`,
    );
  }
  if (!Number.isInteger(count) || inputs.length !== count * inputWidth) {
    throw new RivuletError(
      'wrong-length',
      `${place}: inputs: expected ${timesteps === undefined ? 'a multiple of ' : `${timesteps} timesteps of `}` +
        `${inputWidth} values, got length ${inputs.length}`,
    );
  }
  if (kind !== 'labels' && targets.length !== count * targetWidth) {
    throw new RivuletError(
      'wrong-length',
      `${place}: targets: expected ${count} timesteps of ${targetWidth} value${targetWidth > 1 ? 's' : ''} as the ` +
        `inputs have, ${count * targetWidth} in all, got length ${targets.length}`,
    );
  }
  if (count === 0) {
    throw new RivuletError('empty-data', `${place}: expected at least one timestep, got none`);
  }
  return count;
}

function checkInputs(inputs: Sequence['inputs'], input: GraphInput, place: string): void {
  for (let i = 0; i < inputs.length; i++) {
    const value = inputs[i]!;
    if (input.kind === 'tokens' && value >= input.size) {
      throw new RivuletError(
        'token-out-of-range',
        `${place}: input "${input.name}": expected a token in 0 … ${input.size - 1}, got ${value} at timestep ${i}`,
      );
    }
    if (value - value !== 0) {
      throw new RivuletError(
        'non-finite-input',
        `${place}: input "${input.name}": every value must be finite, got ${value} at index ${i % input.size} ` +
          `of timestep ${Math.floor(i / input.size)}`,
      );
    }
  }
}

function checkTargets(
  targets: Sequence['targets'],
  outputs: number,
  loss: ResolvedLoss,
  place: string,
): void {
  const { targets: kind, expects, accepts } = lossDefinition(loss.type);
  for (let i = 0; i < targets.length; i++) {
    if (accepts(targets[i]!, outputs, loss)) continue;
    const where =
      kind === 'classes'
        ? `at timestep ${i}`
        : `at index ${i % outputs} of timestep ${Math.floor(i / outputs)}`;
    throw new RivuletError(
      'invalid-target',
      `${place}: targets: ${expects(outputs, loss)}, got ${targets[i]} ${where}`,
    );
  }
}

/** By tag, since a typed array of another realm (a frame, a test runner) is no instance of ours. */
function isArray(tag: 'Uint32Array', value: unknown): value is Uint32Array;
function isArray(tag: 'Float32Array', value: unknown): value is Float32Array;
function isArray(tag: 'Uint32Array' | 'Float32Array', value: unknown): value is Uint32Array | Float32Array;
function isArray(tag: string, value: unknown): boolean {
  return ArrayBuffer.isView(value) && (value as unknown as Uint32Array)[Symbol.toStringTag] === tag;
}
