/** A PyTorch `state_dict` saved as safetensors: see modules.ts. */
import { RivuletError } from '../../errors.ts';
import type { ModelDefinition, Tensor } from '../../graph/definition.ts';
import { inputsOf } from '../../graph/reads.ts';
import { formatShape } from '../../graph/tensor.ts';
import type { Conversion, ConvertOptions, Importer, SourceFile } from '../conversion.ts';
import type { ConvertedPyTorchConfig } from './config.ts';
import { importModules } from './modules.ts';

export const pytorch: Importer = { format: 'pytorch', recognizes, read };

/** The length of its header takes 8 bytes, of which four are zeros in any file that fits a memory; then `{`. */
function recognizes([file, ...others]: readonly SourceFile[]): boolean {
  if (file === undefined || others.length > 0) return false;
  const { bytes } = file;
  return bytes[8] === '{'.charCodeAt(0) && [4, 5, 6, 7].every((at) => bytes[at] === 0);
}

function read(files: readonly SourceFile[], { config, allowUnused }: ConvertOptions): Conversion {
  const [file] = files;
  if (file === undefined || files.length > 1)
    throw new RivuletError('invalid-argument', `pytorch: expected one safetensors file, got ${files.length}`);
  const { definition, tensors, counters, unused } = importModules(
    file.bytes,
    config === undefined ? {} : parseConfig(config),
    allowUnused,
  );
  const found = countParameters(tensors);
  const left = unused.map((name) => [name, tensors.get(name)!] as const);
  const made = [...definition.tensors.keys()].filter((name) => !tensors.has(name));
  return {
    definition,
    report: {
      format: 'pytorch',
      nodes: definition.graph.nodes.map((node) => {
        const roles = Object.values('tensors' in node ? (node.tensors as Record<string, string>) : {});
        return `${node.name}: ${node.type} of ${inputsOf(node).join(', ')}${describeTensors(roles, definition)}`;
      }),
      folded: made.map((name) => `${name}: ones that turn the end of a frame round, to mirror it`),
      parametersFound: found,
      parametersUsed: found - countParameters(new Map(left)),
      unused,
      notes: counters.map((name) => `${name}: what a batch norm counted in training is left out`),
    },
  };
}

/** importModules checks every field. */
function parseConfig(text: string): ConvertedPyTorchConfig {
  try {
    return JSON.parse(text) as ConvertedPyTorchConfig;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RivuletError('invalid-argument', `config: not JSON: ${reason}`, { cause });
  }
}

function countParameters(tensors: ReadonlyMap<string, Tensor>): number {
  return [...tensors.values()].reduce((sum, { data }) => sum + data.length, 0);
}

function describeTensors(names: readonly string[], { tensors }: ModelDefinition): string {
  const shown = names.map((name) => `${name} ${formatShape((tensors.get(name) as Tensor).shape)}`);
  return shown.length > 0 ? ` with ${shown.join(', ')}` : '';
}
