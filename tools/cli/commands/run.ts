import { type Command, Option } from 'commander';
import { type Model, RivuletError, type Session } from '../../../src/index.ts';
import { readBytesIfAny, replaceFile } from '../files.ts';
import { type ModelOptions, openModel } from '../open-model.ts';
import { withModelOptions } from '../options.ts';
import { Output } from '../output.ts';
import { outputFormatter } from '../timesteps/format.ts';
import { formatOf, openTimesteps } from '../timesteps/open.ts';
import { INPUT_FORMATS, type InputFormat, type Timestep } from '../timesteps/reader.ts';

interface Options extends ModelOptions {
  input: string;
  format?: InputFormat;
  state?: string;
}

const FORMATS = `
Formats, one timestep each, outputs in the same format:
  csv    a line of comma-separated values, or a token; no header
  jsonl  a line with an array of values, or a token; with several inputs an object of these by name
  f32    little-endian float32 values without line ends, in and out
  text   a character of the model's tokenizer; outputs as csv

The default follows the name of the input (.jsonl, .ndjson, .f32, .txt), else csv.
--state FILE is read before the first timestep, where it exists, and replaced after the last;
a run that fails leaves it as it was.

Examples:
  $ rivulet run model.safetensors --input readings.csv > outputs.csv
  $ sensor | rivulet run model.safetensors --format jsonl --state stream.state`;

export function addRun(program: Command): void {
  withModelOptions(
    program
      .command('run')
      .description('stream inputs through a model, one line of outputs for each timestep')
      .argument('<model>', 'model file')
      .option('--input <file>', 'inputs; - is standard input', '-')
      .addOption(new Option('--format <format>', 'format of inputs and outputs').choices(INPUT_FORMATS))
      .option('--state <file>', 'state to go on from and to save'),
  )
    .addHelpText('after', FORMATS)
    .action(run);
}

async function run(path: string, options: Options): Promise<void> {
  const { model } = await openModel(path, options);
  const state = options.state === undefined ? undefined : await readBytesIfAny(options.state);
  const session = model.createSession(state ? { state } : {});
  const format = options.format ?? formatOf(options.input);
  const formatOutputs = outputFormatter(format, model);
  const output = new Output();
  const outputs = Object.fromEntries(model.outputs.map(({ name, size }) => [name, new Float32Array(size)]));
  try {
    for await (const timesteps of openTimesteps(options.input, format, model)) {
      for (const timestep of timesteps) {
        step(session, timestep, outputs);
        output.add(formatOutputs(outputs));
        if (output.isFull) await output.flush();
      }
      await output.flush();
    }
  } finally {
    await output.flush();
  }
  if (options.state !== undefined) await replaceFile(options.state, session.snapshot());
}

function step(session: Session, { input, place }: Timestep, outputs: Record<string, Float32Array>): void {
  try {
    session.stepNamed(inputsByName(session.model, input), outputs);
  } catch (error) {
    if (!(error instanceof RivuletError)) throw error;
    throw new RivuletError(error.code, `${place()}: ${error.message}`, { cause: error });
  }
}

function inputsByName(model: Model, input: Timestep['input']): Parameters<Session['stepNamed']>[0] {
  if (typeof input === 'number' || ArrayBuffer.isView(input)) return { [model.inputs[0]!.name]: input };
  return input;
}
