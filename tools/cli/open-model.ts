import { fileURLToPath } from 'node:url';
import { parseModelFile } from '../../src/formats/model-file.ts';
import {
  createRuntime,
  importPyTorch,
  loadModel,
  type Model,
  type ModelDefinition,
  type PyTorchConfig,
  RivuletError,
  type Runtime,
  type RuntimeOptions,
} from '../../src/index.ts';
import { readBytes, readText } from './files.ts';

export interface ModelOptions {
  readonly build: NonNullable<RuntimeOptions['build']>;
  /** A graph as JSON, for a safetensors file that has none. */
  readonly graph?: string;
  /** A PyTorchConfig as JSON: the file is a state_dict. */
  readonly config?: string;
}

export interface OpenModel {
  readonly model: Model;
  readonly runtime: Runtime;
  readonly fileBytes: number;
}

/** A file of the package. This file is bundled to dist/cli. */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}

/** The model that comes with the package. */
export const BUNDLED_MODEL = 'models/char-lm/model.int8.safetensors';

/** @throws RivuletError as `loadModel` */
export async function openModel(path: string, options: ModelOptions): Promise<OpenModel> {
  const runtime = await createRuntime({ build: options.build });
  const bytes = await readBytes(path);
  const model = await loadModel(await readDefinition(bytes, options), { runtime });
  return { model, runtime, fileBytes: bytes.length };
}

async function readDefinition(bytes: Uint8Array, { graph, config }: ModelOptions): Promise<ModelDefinition> {
  if (config !== undefined) return importPyTorch(bytes, await readConfig(config));
  return parseModelFile(bytes, graph === undefined ? {} : { graph: await readText(graph) });
}

/** importPyTorch checks every field. */
async function readConfig(path: string): Promise<PyTorchConfig> {
  const text = await readText(path);
  try {
    return JSON.parse(text) as PyTorchConfig;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RivuletError('invalid-argument', `${path} is not JSON: ${reason}`, { cause });
  }
}
