/** State_dicts with convolutions and norms beside what the core knows: see ../../import/pytorch.ts. */
import type { SafetensorsFile } from '../../formats/safetensors.ts';
import type { ModelDefinition, Tensor } from '../../graph/definition.ts';
import type { Reading } from '../../import/connect.ts';
import { importStateDict, readStateDict } from '../../import/pytorch.ts';
import type { Roles } from '../../import/pytorch-modules.ts';
import { type ConvertedPyTorchConfig, type ModuleOptions, readModuleOptions } from './config.ts';
import { readConvolution } from './convolution.ts';
import { readNorm } from './norm.ts';

/** What BatchNorm counts in training; nothing reads it afterwards. */
const COUNTER = /(?:^|\.)num_batches_tracked$/;

export interface ImportedModules {
  readonly definition: ModelDefinition;
  /** Those of the file. */
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** Names of counters, which are left out. */
  readonly counters: readonly string[];
  /** Names of tensors of no module, where they are allowed. */
  readonly unused: readonly string[];
}

/** @throws RivuletError what importPyTorch does */
export function importModules(
  source: Uint8Array,
  config: ConvertedPyTorchConfig,
  allowUnused = false,
): ImportedModules {
  const counters: string[] = [];
  const file = readStateDict(source, (name) => {
    const isCounter = COUNTER.test(name);
    if (isCounter) counters.push(name);
    return isCounter;
  });
  const unused: string[] = [];
  const definition = importFile(file, config, allowUnused ? unused : undefined);
  return { definition, tensors: file.tensors, counters, unused };
}

function importFile(
  file: SafetensorsFile,
  config: ConvertedPyTorchConfig,
  unused: string[] | undefined,
): ModelDefinition {
  // What is no object is refused there.
  if (Object(config) !== config || Array.isArray(config)) return importStateDict(file, config);
  const options = readModuleOptions(config);
  const { convolutions, norms, inputSize } = options;
  const { convolutions: _convolutions, norms: _norms, inputSize: _inputSize, ...rest } = config;
  return importStateDict(file, rest, {
    read: (module, roles, tensors) => readOther(module, roles, tensors, options),
    options: { convolutions, norms },
    inputSize,
    unused,
  });
}

/** By the statistics that it has, or the axes of its weight: nothing that we know, a norm, a convolution. */
function readOther(
  module: string,
  roles: Roles,
  tensors: ReadonlyMap<string, Tensor>,
  { convolutions, norms }: ModuleOptions,
): readonly Reading[] {
  const shape: readonly number[] = tensors.get(roles.get('weight') ?? '')?.shape ?? [];
  if (shape.includes(0)) return [];
  const isNorm = shape.length === 1 || roles.has('running_mean') || roles.has('running_var');
  if (isNorm) return [readNorm(module, roles, tensors, norms)];
  return shape.length === 3 ? [readConvolution(module, roles, shape, convolutions)] : [];
}
