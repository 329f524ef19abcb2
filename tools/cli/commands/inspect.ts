import { statSync } from 'node:fs';
import type { Command } from 'commander';
import type { GraphNode, Model, ModelDefinition, Runtime } from '../../../src/index.ts';
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
      .description('show the graph of a model, its sizes and its bytes in memory')
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

function describeGraph({ layers, definition }: Model): string {
  const total = (key: 'parameters' | 'bytes') => layers.reduce((sum, layer) => sum + layer[key], 0);
  const rows = layers.map((layer, i) => {
    const node = definition.graph.nodes[i]!;
    return [
      layer.name,
      layer.type,
      node.input,
      String(layer.size),
      count(layer.parameters),
      count(layer.bytes),
      layer.weights === 'none' ? '' : layer.weights,
      describeShapes(node, definition),
    ];
  });
  const head = ['node', 'type', 'reads', 'size', 'parameters', 'bytes', 'weights', 'shapes'];
  const sum = ['', '', '', '', count(total('parameters')), count(total('bytes')), '', ''];
  return table([head, ...rows, sum], [3, 4, 5]);
}

/** weight_ih 1024×64, bias_ih 1024 … */
function describeShapes(node: GraphNode, { tensors }: ModelDefinition): string {
  const roles = Object.entries('tensors' in node ? (node.tensors as Readonly<Record<string, string>>) : {});
  return roles.map(([role, name]) => `${role} ${tensors.get(name)?.shape.join('×')}`).join(', ');
}

function describePorts(model: Model): string {
  const { inputs, outputs, tokenizer, metadata, fingerprint } = model;
  const rows = [
    ...inputs.map(({ name, kind, size }) => ['input', `${name}: ${kind}, ${size}`]),
    ...outputs.map(({ name, kind, size }) => ['output', `${name}: ${kind}, ${size}`]),
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
