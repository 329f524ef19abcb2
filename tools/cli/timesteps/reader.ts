/** Bytes of a file, in chunks of any size, to timesteps: nothing is kept but what a chunk left unfinished. */
import { type Model, RivuletError, type StepInput } from '../../../src/index.ts';

/** One timestep's input; by name where a model has several. */
export type TimestepInput = StepInput | Readonly<Record<string, StepInput>>;

export interface Timestep {
  readonly input: TimestepInput;
  /** Where it stands in the file, for errors: `line 3`. */
  readonly place: () => string;
}

export interface TimestepReader {
  push(chunk: Uint8Array): Iterable<Timestep>;
  /** What the last chunk left. @throws RivuletError `invalid-file` where that is half a timestep */
  end(): Iterable<Timestep>;
}

export const INPUT_FORMATS = ['csv', 'jsonl', 'f32', 'text'] as const;
export type InputFormat = (typeof INPUT_FORMATS)[number];

export function malformed(place: string, expected: string, got: string): RivuletError {
  return new RivuletError('invalid-file', `${place}: expected ${expected}, got ${got}`);
}

/** The only input of a model. @throws RivuletError `invalid-argument` where it has several, naming the format */
export function onlyInput(model: Model, format: InputFormat): Model['inputs'][number] {
  if (model.inputs.length === 1 && model.outputs.length === 1) return model.inputs[0]!;
  throw new RivuletError(
    'invalid-argument',
    `format ${format} is for one input and one output, and this model has ${model.inputs.length} and ` +
      `${model.outputs.length}: use --format jsonl with an object by input name on each line`,
  );
}
