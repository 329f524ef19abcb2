import { basename } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ConversionReport, Format, SourceFile } from '../../../src/convert/index.ts';
import { parseModelFile, serializeModel } from '../../../src/formats/model-file.ts';
import { parseSafetensors } from '../../../src/formats/safetensors.ts';
import {
  createRuntime,
  loadModel,
  type ModelDefinition,
  quantize,
  RivuletError,
  type RuntimeOptions,
} from '../../../src/index.ts';
import { readBytes, readText, refuseOverwriting, replaceFile } from '../files.ts';
import { describeGraph } from '../graph-table.ts';
import { parseNpz } from '../npz/npz.ts';
import { buildOption, parsePositive } from '../options.ts';
import { Output } from '../output.ts';
import { compareOutputs, type OutputError, readRecording } from '../parity.ts';
import { count, table } from '../table.ts';

interface Options {
  output: string;
  from?: Format;
  state?: Record<string, string>;
  time?: number | 'none';
  allowUnused?: true;
  ignoreMasks?: true;
  config?: string;
  timestep?: true;
  check?: string;
  tolerance: number;
  quantize?: 'int8';
  build: NonNullable<RuntimeOptions['build']>;
}

const FORMATS = ['onnx', 'pytorch', 'keras-h5', 'keras', 'tfjs', 'tflite', 'nam', 'rnnoise'];

const HELP = `
The format is found by the content, or named by --from. A model in several files (TF.js) takes all of them.
An operator, attribute or layer without an exact counterpart is refused by its name, and nothing is written.
An OUTPUT that ends in .onnx is written as ONNX (float32): a batch of whole sequences a call, or with --timestep
one timestep of one sequence, whose states are inputs state.NAME and outputs state.NAME.next, [1, 1, size].

--check takes a recording of numpy.savez: inputs and outputs by the model's names, [timesteps, size] or
[timesteps, batch, size] (tokens without the last), and states by name where they do not begin with zeros.
Errors of float32 above --tolerance end with exit code 1, and nothing is written.

Examples:
  $ rivulet convert model.onnx -o model.safetensors --state h0:hn,c0:cn --check recorded.npz
  $ rivulet convert model.json group1-shard1of1.bin -o model.safetensors
  $ rivulet convert state_dict.safetensors -o model.safetensors --config options.json
  $ rivulet convert model.safetensors -o model.onnx --timestep`;

export function addConvert(program: Command): void {
  program
    .command('convert')
    .description('read a model of another framework, or write one as ONNX')
    .argument('<files...>', 'the file of the model, or all its files')
    .requiredOption('-o, --output <file>', 'model file to write')
    .addOption(new Option('--from <format>', 'format of the files').choices(FORMATS))
    .option('--state <pairs>', 'ONNX: inputs and outputs that are state, as h0:hn,c0:cn', parsePairs)
    .option(
      '--time <axis>',
      "ONNX: the first input's axis of time, from 0, or none: a call is one timestep",
      parseTime,
    )
    .option('--allow-unused', 'leave out weights that nothing uses')
    .option('--ignore-masks', 'Keras, TF.js: take out masks, which are refused; give no padding then')
    .option('--config <file>', 'JSON that a format needs: for PyTorch, the fields of PyTorchConfig')
    .option('--timestep', 'ONNX written: a call is one timestep, states are inputs and outputs')
    .option('--check <file>', 'recorded inputs and outputs (.npz) to compare with')
    .option('--tolerance <error>', 'largest absolute error of --check', parsePositive, 1e-4)
    .addOption(new Option('--quantize <type>', 'type of the weights that are written').choices(['int8']))
    .addOption(buildOption())
    .addHelpText('after', HELP)
    .action(convertFiles);
}

/** `h0:hn,c0:cn` */
function parsePairs(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => {
    const match = /^([^:]+):([^:]+)$/.exec(pair.trim());
    if (!match) throw new InvalidArgumentError('Expected pairs of names, as h0:hn,c0:cn.');
    return [match[1]!, match[2]!] as const;
  });
  return Object.fromEntries(pairs);
}

function parseTime(text: string): number | 'none' {
  if (text === 'none') return text;
  if (!/^\d$/.test(text)) throw new InvalidArgumentError('Expected an axis, from 0, or none.');
  return Number(text);
}

async function convertFiles(paths: readonly string[], options: Options): Promise<void> {
  await refuseOverwriting([...paths, options.config, options.check], [options.output]);
  refuseTimestep(options);
  const printer = new Output();
  const { definition, report } = await readDefinition(paths, options);
  const runtime = await createRuntime({ build: options.build });
  const float32 = await loadModel(definition, { runtime });
  const written = options.quantize ? quantize(float32, { weights: options.quantize }).model : float32;
  await printer.print([describeGraph(written), ...(report ? describeReport(report) : [])].join('\n\n'));
  if (options.check !== undefined) {
    const recording = readRecording(float32, parseNpz(await readBytes(options.check)));
    const errors = await compareOutputs(definition, runtime, recording);
    const int8 = options.quantize ? await compareOutputs(written.definition, runtime, recording) : [];
    await printer.print(`\n${describeErrors(errors, int8)}`);
    if (!withinTolerance(errors, options)) return;
  }
  const bytes = await serialize(written.definition, options);
  await replaceFile(options.output, bytes);
  await printer.print(`\n${options.output}  ${count(bytes.length)} bytes`);
}

interface Read {
  readonly definition: ModelDefinition;
  /** Of what was converted: not of a model of ours. */
  readonly report?: ConversionReport;
}

async function readDefinition(paths: readonly string[], options: Options): Promise<Read> {
  const files: SourceFile[] = [];
  for (const path of paths) files.push({ name: basename(path), bytes: await readBytes(path) });
  if (files.length === 1 && isModelFile(files[0]!.bytes))
    return { definition: parseModelFile(files[0]!.bytes) };
  // Only here: other commands have no need of its libraries.
  const { convert } = await import('../../../src/convert/index.ts');
  const { from, state, time, allowUnused, ignoreMasks, config } = options;
  return convert(files, {
    ...(from && { from }),
    ...(state && { state }),
    ...(time !== undefined && { time }),
    ...(allowUnused && { allowUnused }),
    ...(ignoreMasks && { ignoreMasks }),
    ...(config !== undefined && { config: await readText(config) }),
  });
}

/** Whether it is a model of ours already: safetensors with a graph. */
function isModelFile(bytes: Uint8Array): boolean {
  try {
    return Object.hasOwn(parseSafetensors(bytes).metadata, 'graph');
  } catch (error) {
    if (error instanceof RivuletError) return false;
    throw error;
  }
}

function describeReport(report: ConversionReport): string[] {
  const { format, nodes, folded, parametersFound, parametersUsed, unused, notes } = report;
  const rows = [
    ['format', format],
    ['parameters found', count(parametersFound)],
    ['parameters used', count(parametersUsed)],
    ['weights unused', unused.length > 0 ? unused.join(', ') : 'none'],
  ];
  const list = (title: string, lines: readonly string[]) =>
    lines.length > 0 ? [[title, ...lines.map((line) => `  ${line}`)].join('\n')] : [];
  return [
    ...list('in the file', nodes),
    ...list('computed now', folded),
    table(rows),
    ...list('notes', notes),
  ];
}

function describeErrors(float32: readonly OutputError[], int8: readonly OutputError[]): string {
  const row = (weights: string) => (error: OutputError) => [
    error.output,
    weights,
    count(error.values),
    error.absolute.toExponential(2),
    error.relative.toExponential(2),
  ];
  const head = ['output', 'weights', 'values', 'max error', 'of the largest value'];
  return table([head, ...float32.map(row('float32')), ...int8.map(row('int8'))], [2, 3, 4]);
}

/** Says so on standard error, and by the exit code, where it is not. */
function withinTolerance(errors: readonly OutputError[], { tolerance, output }: Options): boolean {
  const worst = errors.find(({ absolute }) => !(absolute <= tolerance));
  if (worst === undefined) return true;
  console.error(
    `rivulet: the output "${worst.output}" is ${worst.absolute.toExponential(2)} from what was recorded, more than the ` +
      `tolerance ${tolerance}; ${output} was not written`,
  );
  process.exitCode = 1;
  return false;
}

function refuseTimestep({ timestep, output }: Options): void {
  if (!timestep || isOnnx(output)) return;
  throw new RivuletError(
    'invalid-argument',
    `--timestep is the form of an ONNX file, and the output ${output} does not end in .onnx; name one, or leave it out`,
  );
}

function isOnnx(path: string): boolean {
  return path.endsWith('.onnx');
}

async function serialize(
  definition: ModelDefinition,
  { output, timestep }: Pick<Options, 'output' | 'timestep'>,
): Promise<Uint8Array> {
  if (!isOnnx(output)) return serializeModel(definition);
  const { toOnnx } = await import('../../../src/convert/index.ts');
  return toOnnx(definition, { ...(timestep && { timestep }) });
}
