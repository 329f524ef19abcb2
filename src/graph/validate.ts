import { RivuletError, show } from '../errors.ts';
import type { Graph, GraphInput, GraphNode, ModelDefinition, Tensor } from './definition.ts';
import { describe } from './fields.ts';
import { NodeTensors } from './node-tensors.ts';
import type { NodeShape } from './nodes/node-kind.ts';
import { kindOf } from './nodes/table.ts';
import { MAX_SIZE, parseGraph } from './parse.ts';
import { elementCount, formatShape } from './tensor.ts';

export interface GraphShapes {
  /** Values each timestep of every input and every node, by name; for a tokens input its vocabulary. */
  readonly sizes: ReadonlyMap<string, number>;
  /** The hidden size of every recurrent node, by name. */
  readonly hidden: ReadonlyMap<string, number>;
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
  const inputs = indexInputs(graph);
  const sizes = new Map(graph.inputs.map((input) => [input.name, input.size]));
  const hidden = new Map<string, number>();
  const used = new Set<string>();
  for (const node of graph.nodes) {
    const inputSize = findInput(node, graph, inputs, sizes);
    const shape = inferNode(node, inputSize, tensors, used);
    sizes.set(node.name, shape.size);
    if (shape.hidden !== undefined) hidden.set(node.name, shape.hidden);
  }
  checkOutputs(graph, sizes, inputs);
  checkAllUsed(tensors, used);
  checkTokenizer(definition, graph);
  return { sizes, hidden };
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

function indexInputs(graph: Graph): ReadonlyMap<string, GraphInput> {
  const inputs = new Map<string, GraphInput>();
  for (const input of graph.inputs) {
    if (inputs.has(input.name)) {
      throw new RivuletError('invalid-graph', `graph: two inputs have the name ${show(input.name)}`);
    }
    inputs.set(input.name, input);
  }
  return inputs;
}

/** The size of what a node reads: an input, or a node before it. */
function findInput(
  node: GraphNode,
  graph: Graph,
  inputs: ReadonlyMap<string, GraphInput>,
  sizes: ReadonlyMap<string, number>,
): number {
  const place = `node ${show(node.name)}`;
  if (sizes.has(node.name)) {
    throw new RivuletError('invalid-graph', `${place}: an input or another node already has this name`);
  }
  const size = sizes.get(node.input);
  if (size === undefined) {
    const later = graph.nodes.some((other) => other.name === node.input);
    throw new RivuletError(
      'invalid-graph',
      later
        ? `${place} reads ${show(node.input)}, which does not come before it; ` +
            'nodes must stand in the order in which they run, without cycles'
        : `${place} reads ${show(node.input)}, which is neither an input nor a node`,
    );
  }
  const gives = inputs.get(node.input)?.kind === 'tokens' ? 'tokens' : 'vector';
  const { reads } = kindOf(node);
  if (gives !== reads) {
    throw new RivuletError(
      'invalid-graph',
      `${place}: ${node.type} reads ${reads === 'tokens' ? 'an input of tokens' : 'a vector'}, ` +
        `but ${show(node.input)} is ${gives === 'tokens' ? 'an input of tokens' : 'a vector'}`,
    );
  }
  return size;
}

function inferNode(
  node: GraphNode,
  inputSize: number,
  tensors: ReadonlyMap<string, Tensor>,
  used: Set<string>,
): NodeShape {
  const roles = 'tensors' in node ? { ...node.tensors } : {};
  const shape = kindOf(node).shape(node, inputSize, new NodeTensors(node.name, roles, tensors, used));
  if (shape.size < 1 || shape.size > MAX_SIZE) {
    throw new RivuletError(
      'wrong-shape',
      `node ${show(node.name)}: its tensors give it the size ${shape.size}; expected 1 to ${MAX_SIZE}`,
    );
  }
  return shape;
}

function checkOutputs(
  graph: Graph,
  sizes: ReadonlyMap<string, number>,
  inputs: ReadonlyMap<string, GraphInput>,
): void {
  if (graph.outputs.length === 0)
    throw new RivuletError('invalid-graph', 'graph: it needs at least one output');
  const names = new Set<string>();
  for (const { name, from } of graph.outputs) {
    if (names.has(name))
      throw new RivuletError('invalid-graph', `graph: two outputs have the name ${show(name)}`);
    names.add(name);
    if (!sizes.has(from) || inputs.has(from)) {
      throw new RivuletError('invalid-graph', `output ${show(name)} is from ${show(from)}, which is no node`);
    }
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
  const inputs = graph.inputs.filter(({ kind }) => kind === 'tokens');
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
