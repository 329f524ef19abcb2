import { type Command, Option } from 'commander';
import { type QuantizationReport, quantize, RivuletError } from '../../../src/index.ts';
import { isSameFile, replaceFile } from '../files.ts';
import { type ModelOptions, openModel } from '../open-model.ts';
import { parseNames, withModelOptions } from '../options.ts';
import { Output } from '../output.ts';
import { count, table } from '../table.ts';

interface Options extends ModelOptions {
  output: string;
  weights: 'int8';
  keep?: string[];
}

const EXAMPLES = `
Examples:
  $ rivulet quantize model.safetensors -o model.int8.safetensors
  $ rivulet quantize model.safetensors -o model.int8.safetensors --keep head    # head stays float32`;

export function addQuantize(program: Command): void {
  withModelOptions(
    program
      .command('quantize')
      .description('make the weights of a model int8 and report what that changed')
      .argument('<model>', 'float32 model file')
      .requiredOption('-o, --output <file>', 'model file to write')
      .addOption(new Option('--weights <type>', 'type of the weights').choices(['int8']).default('int8'))
      .option('--keep <nodes>', 'nodes that stay float32, separated by commas', parseNames),
  )
    .addHelpText('after', EXAMPLES)
    .action(quantizeFile);
}

async function quantizeFile(path: string, options: Options): Promise<void> {
  const { output, weights, keep = [] } = options;
  if (await isSameFile(path, output)) {
    throw new RivuletError('invalid-argument', `${output} is the model itself: give -o another name`);
  }
  const { model, fileBytes } = await openModel(path, options);
  const { model: quantized, report } = quantize(model, { weights, keep });
  const bytes = quantized.toBytes();
  await replaceFile(output, bytes);
  const share = ((100 * bytes.length) / fileBytes).toFixed(1);
  await new Output().print(
    `${describeReport(report)}\n\n${output}  ${count(bytes.length)} bytes, ${share} % of ${count(fileBytes)}`,
  );
}

function describeReport(report: QuantizationReport): string {
  const row = (name: string, layer: Omit<QuantizationReport, 'layers'>) => [
    name,
    count(layer.bytesBefore),
    count(layer.bytesAfter),
    layer.maxError.toPrecision(3),
    layer.sqnrDb.toFixed(1),
  ];
  const rows = [
    ['layer', 'bytes before', 'bytes after', 'max error', 'SQNR dB'],
    ...report.layers.map((layer) => row(layer.node, layer)),
    row('all tensors', report),
  ];
  return table(rows, [1, 2, 3, 4]);
}
