import { statSync } from 'node:fs';
import type { Command } from 'commander';
import { inferShapes } from '../../../src/graph/validate.ts';
import type { Model, Runtime } from '../../../src/index.ts';
import { describeGraph } from '../graph-table.ts';
import { type ModelOptions, type OpenModel, openModel, packageFile } from '../open-model.ts';
import { withModelOptions } from '../options.ts';
import { Output } from '../output.ts';
import { count, table } from '../table.ts';

const EXAMPLES = `
Examples:
  $ rivulet inspect model.safetensors
  $ rivulet inspect state_dict.safetensors --config pytorch.json    # what would be imported`;

export function addInspect(program: Command): void {
  withModelOptions(
    program
      .command('inspect')
      .description('draw the graph of a model, with its sizes and its bytes in memory')
      .argument('<model>', 'model file'),
  )
    .addHelpText('after', EXAMPLES)
    .action(inspect);
}

/** Bytes of the WebAssembly module of a build. */
export function moduleBytes({ build }: Runtime): number {
  return statSync(packageFile(`dist/wasm/infer.${build}.wasm`)).size;
}

async function inspect(path: string, options: ModelOptions): Promise<void> {
  const open = await openModel(path, options);
  const sections = [describeGraph(open.model), describePorts(open.model), await describeBytes(open)];
  await new Output().print(sections.join('\n\n'));
}

function describeStreaming({ definition }: Model): string {
  const { firstNotStreamable } = inferShapes(definition);
  if (firstNotStreamable !== undefined)
    return `no: ${firstNotStreamable} goes backward, run takes whole sequences`;
  return definition.graph.encoder ? 'yes, once its sequence is encoded' : 'yes';
}

function describePorts(model: Model): string {
  const { inputs, outputs, tokenizer, metadata, fingerprint } = model;
  const encoded = model.definition.graph.encoder?.inputs ?? [];
  const rows = [
    ...encoded.map(({ name, kind, size }) => ['encoded', `${name}: ${kind}, ${size}`]),
    ...inputs.map(({ name, kind, size }) => ['input', `${name}: ${kind}, ${size}`]),
    ...outputs.map(({ name, kind, size }) => ['output', `${name}: ${kind}, ${size}`]),
    ['streams', describeStreaming(model)],
    ['tokenizer', tokenizer ? `characters, ${tokenizer.size}` : 'none'],
    ['metadata', Object.keys(metadata).sort().join(', ') || 'none'],
    ['fingerprint', `shape ${fingerprint.shape}, weights ${fingerprint.weights}`],
  ];
  return table(rows);
}

async function describeBytes({ model, runtime, fileBytes }: OpenModel): Promise<string> {
  const session = model.createSession();
  const rows = [
    ['file', count(fileBytes), 'bytes'],
    ['module', count(moduleBytes(runtime)), `bytes (infer.${runtime.build}.wasm)`],
    ['plan', count(model.planBytes), 'bytes'],
    ['session', count(model.sessionBytes), 'bytes'],
    ['linear memory', count(runtime.memoryBytes), 'bytes with the model and one session'],
  ];
  session.dispose();
  return table(rows, [1]);
}
