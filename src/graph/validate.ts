import { RivuletError, show } from '../errors.ts';
import type { Graph, ModelDefinition, Tensor } from './definition.ts';
import { describe } from './fields.ts';
import { inferSection, type SectionShapes } from './infer.ts';
import { parseGraph } from './parse.ts';
import { isStreamable } from './reads.ts';
import { elementCount, formatShape } from './tensor.ts';

/** What follows from a definition. The encoder's inputs, nodes and states stand before those of the graph around it. */
export interface GraphShapes {
  /** Values each timestep of every input and every node, by name; for a tokens input its vocabulary. */
  readonly sizes: ReadonlyMap<string, number>;
  /** The size of h of every recurrent node, by name. */
  readonly hidden: ReadonlyMap<string, number>;
  /** The sizes of the states of all recurrent nodes, by names as `lstm.h`, `lstm.reverse.h`. */
  readonly states: ReadonlyMap<string, number>;
  /** The first node outside the encoder that goes backward through time, so that the model cannot stream. */
  readonly firstNotStreamable: string | undefined;
}

/**
 * Checks a whole definition, whether a file or a program made it, and returns the sizes that follow from it.
 * Weights are not read: whether they are finite is checked where they are packed.
 *
 * @throws RivuletError `invalid-argument` (no definition at all), `invalid-graph`, `missing-tensor`,
 * `wrong-shape`, `not-supported` (a bias or scale that is not F32), `non-finite-weight` and `invalid-file`
 * (scales, unused tensors), `invalid-tokenizer` (its size)
 */
export function inferShapes(definition: ModelDefinition): GraphShapes {
  if (typeof definition !== 'object' || definition === null) {
    throw new RivuletError(
      'invalid-argument',
      `a model definition must be an object, got ${describe(definition)}`,
    );
  }
  const { tensors } = definition;
  const graph = parseGraph(definition.graph);
  checkTensors(tensors);
  const use = { tensors, used: new Set<string>() };
  const encoder = graph.encoder && inferSection(graph.encoder, use);
  const shapes = inferSection(graph, use, encoder);
  checkOutputs(graph, shapes, encoder);
  checkAllUsed(tensors, use.used);
  checkTokenizer(definition, graph);
  return {
    sizes: new Map([...(encoder?.sizes ?? []), ...shapes.sizes]),
    hidden: new Map([...(encoder?.hidden ?? []), ...shapes.hidden]),
    states: new Map([...(encoder?.states ?? []), ...shapes.states]),
    firstNotStreamable: graph.nodes.find((node) => !isStreamable(node))?.name,
  };
}

function checkTensors(tensors: ReadonlyMap<string, Tensor>): void {
  if (typeof tensors?.get !== 'function') {
    throw new RivuletError('invalid-argument', `tensors must be a Map by name, got ${describe(tensors)}`);
  }
  for (const [name, { dtype, shape, data }] of tensors) {
    // By tag, since a typed array of another realm (a frame, a test runner) is no instance of ours.
    const kind = data?.[Symbol.toStringTag];
    if (!(dtype === 'F32' && kind === 'Float32Array') && !(dtype === 'I8' && kind === 'Int8Array')) {
      throw new RivuletError(
        'invalid-argument',
        `tensor ${show(name)} must be F32 with a Float32Array or I8 with an Int8Array, ` +
          `got ${show(dtype)} with ${kind}`,
      );
    }
    if (!Array.isArray(shape) || elementCount(shape) !== data.length) {
      const shown = Array.isArray(shape) ? formatShape(shape) : show(shape);
      throw new RivuletError(
        'wrong-shape',
        `tensor ${show(name)}: its shape ${shown} does not have the ${data.length} elements of its data`,
      );
    }
  }
}

function checkOutputs(
  graph: Graph,
  { sizes, inputs }: SectionShapes,
  encoder: SectionShapes | undefined,
): void {
  if (graph.outputs.length === 0)
    throw new RivuletError('invalid-graph', 'graph: it needs at least one output');
  const names = new Set<string>();
  for (const { name, from } of graph.outputs) {
    if (names.has(name))
      throw new RivuletError('invalid-graph', `graph: two outputs have the name ${show(name)}`);
    names.add(name);
    if (sizes.has(from) && !inputs.has(from)) continue;
    const what = encoder?.sizes.has(from) ? 'which is of the encoder' : 'which is no node';
    throw new RivuletError('invalid-graph', `output ${show(name)} is from ${show(from)}, ${what}`);
  }
}

function checkAllUsed(tensors: ReadonlyMap<string, Tensor>, used: ReadonlySet<string>): void {
  const unused = [...tensors.keys()].filter((name) => !used.has(name));
  if (unused.length === 0) return;
  const shown = unused.slice(0, 8).map(show).join(', ');
  throw new RivuletError(
    'invalid-file',
    `no node uses the tensor${unused.length > 1 ? 's' : ''} ${shown}${unused.length > 8 ? ', …' : ''}; ` +
      'remove what is not needed, or name it in the graph',
  );
}

function checkTokenizer({ tokenizer }: ModelDefinition, graph: Graph): void {
  if (tokenizer === undefined) return;
  const size = tokenizer.vocabulary?.length;
  const all = [...(graph.encoder?.inputs ?? []), ...graph.inputs];
  const inputs = all.filter(({ kind }) => kind === 'tokens');
  if (inputs.some((input) => input.size === size)) return;
  const [input] = inputs;
  throw new RivuletError(
    'invalid-tokenizer',
    `the tokenizer has ${size} characters, but ` +
      (input
        ? `the input ${show(input.name)} takes ${input.size} tokens`
        : 'the graph has no input of tokens'),
  );
}
