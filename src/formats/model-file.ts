/**
 * A model file: safetensors whose metadata holds the graph and the tokenizer as JSON.
 *
 *     format     "rivulet/1"
 *     graph      a Graph
 *     tokenizer  a TokenizerDefinition, where the model reads text
 *
 * Every other key is the model's own and passes through unchanged.
 */
import { RivuletError, type RivuletErrorCode, show } from '../errors.ts';
import type { ModelDefinition, TokenizerDefinition } from '../graph/definition.ts';
import { parseGraph } from '../graph/parse.ts';
import { inferShapes } from '../graph/validate.ts';
import { parseTokenizer } from '../text/tokenizer.ts';
import { refuseForeign } from './detect.ts';
import { parseStrictJson } from './json.ts';
import { parseSafetensors, serializeSafetensors } from './safetensors.ts';

const FORMAT = 'rivulet/1';
const RESERVED_KEYS = ['format', 'graph', 'tokenizer'];

export interface ModelFileOptions {
  /** A graph as JSON text, for a file that has none; it takes the place of one that the file has. */
  readonly graph?: string;
}

/**
 * Reads and validates a model file. Its tensors are views of `bytes` where alignment allows.
 *
 * @throws RivuletError: `unsupported-format` (another kind of file), `invalid-file`, `missing-graph`,
 * `invalid-graph`, `invalid-tokenizer`, and what `inferShapes` throws
 */
export function parseModelFile(bytes: Uint8Array, options: ModelFileOptions = {}): ModelDefinition {
  refuseForeign(bytes);
  const { tensors, metadata: all } = parseSafetensors(bytes);
  const { format, graph: ownGraph, tokenizer: tokenizerText, ...rest } = all;
  const graphText = options.graph ?? checkFormat(format, ownGraph);
  const graph = parseGraph(parseText(graphText, 'graph', 'invalid-graph'));
  const tokenizer = readTokenizer(tokenizerText);
  const definition: ModelDefinition = {
    graph,
    tensors,
    ...(tokenizer && { tokenizer }),
    ...(Object.keys(rest).length > 0 && { metadata: rest }),
  };
  inferShapes(definition);
  return definition;
}

/**
 * Writes a definition as a file; the same definition always gives the same bytes.
 *
 * @throws RivuletError `invalid-argument` for metadata under a reserved key or that is no string, and what
 * `parseTokenizer` and `inferShapes` throw
 */
export function serializeModel(definition: ModelDefinition): Uint8Array {
  inferShapes(definition);
  const { graph, tensors, tokenizer, metadata = {} } = definition;
  const reserved = RESERVED_KEYS.find((key) => Object.hasOwn(metadata, key));
  if (reserved !== undefined) {
    throw new RivuletError(
      'invalid-argument',
      `metadata ${show(reserved)}: the model file uses this key itself`,
    );
  }
  return serializeSafetensors(tensors, {
    ...metadata,
    format: FORMAT,
    graph: JSON.stringify(parseGraph(graph)),
    ...(tokenizer && { tokenizer: JSON.stringify(parseTokenizer(tokenizer)) }),
  });
}

/** The file's own graph, where the file is of the format that we read. */
function checkFormat(format: string | undefined, graph: string | undefined): string {
  if (format?.startsWith('rivulet/') && format !== FORMAT) {
    throw new RivuletError(
      'unsupported-format',
      `metadata: the format is ${show(format)}; this version of Rivulet reads ${show(FORMAT)}`,
    );
  }
  if (graph === undefined) {
    throw new RivuletError(
      'missing-graph',
      'the file has tensors, but no graph that says how they are used; --graph FILE on the command line ' +
        'or importPyTorch(bytes, config) supplies it',
    );
  }
  if (format !== FORMAT) {
    throw new RivuletError(
      'unsupported-format',
      `metadata: the format is ${format === undefined ? 'not given' : show(format)}; expected ${show(FORMAT)}`,
    );
  }
  return graph;
}

function readTokenizer(text: string | undefined): TokenizerDefinition | undefined {
  if (text === undefined) return undefined;
  return parseTokenizer(parseText(text, 'tokenizer', 'invalid-tokenizer'));
}

function parseText(text: string, place: string, code: RivuletErrorCode): unknown {
  try {
    return parseStrictJson(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RivuletError(code, `${place}: not JSON without duplicate keys: ${reason}`, { cause });
  }
}
