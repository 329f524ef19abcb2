// A model that reads and gives raw values, though its layers see normalized ones: an affine node behind the input, which
// everything reads in its place, and one before the output. They are nodes like others to everything that runs a model:
// sessions, int8, export. Training takes them off, learns in normalized units, and puts them on again; to know them, the
// model's metadata name them:
//
//   normalization   {"input": "x.normalize", "output": "y.denormalize"}, where there is one

import { RivuletError, show } from '../../errors.ts';
import { parseStrictJson } from '../../formats/json.ts';
import type { AffineNode, GraphNode, ModelDefinition } from '../../graph/definition.ts';
import { readFields } from '../../graph/fields.ts';
import { inferShapes } from '../../graph/validate.ts';
import { readPorts } from '../ports.ts';
import { denormalizing, type NamedAffine, nameAffine, normalizing, tensorsOf } from './affine.ts';
import type { Scaling } from './scaling.ts';

/** What stands between raw and normalized values of a model's only input and only output. */
export interface Normalization {
  readonly input?: NamedAffine;
  readonly output?: NamedAffine;
}

/** Scalings of what a model reads and of what it gives. */
export interface Scalings {
  readonly inputs?: Scaling;
  readonly targets?: Scaling;
}

/** The key of the metadata under which the nodes are named. */
const KEY = 'normalization';

/**
 * A model of one input and one output that reads and gives raw values, out of one that does so with normalized ones.
 *
 * @throws RivuletError `invalid-argument` where it is normalized already, `wrong-length`, `not-supported`, `invalid-graph`
 */
export function normalize(definition: ModelDefinition, scalings: Scalings): ModelDefinition {
  if (definition.metadata?.[KEY] !== undefined) {
    throw new RivuletError('invalid-argument', 'normalize: the model is normalized already');
  }
  return putOn(definition, normalizationOf(definition, scalings));
}

/** @throws RivuletError `invalid-argument`, `wrong-length`, `not-supported` (tokens) */
export function normalizationOf(definition: ModelDefinition, { inputs, targets }: Scalings): Normalization {
  const { input, output } = readPorts(definition);
  if (inputs && input.kind === 'tokens') {
    throw new RivuletError(
      'not-supported',
      `normalization: input ${show(input.name)} is tokens, which have no scale`,
    );
  }
  if (inputs) checkScaling('inputs', inputs, input.size);
  if (targets) checkScaling('targets', targets, output.size);
  const { from } = definition.graph.outputs[0]!;
  return {
    ...(inputs && { input: nameAffine(normalizing(inputs), `${input.name}.normalize`, input.name) }),
    ...(targets && { output: nameAffine(denormalizing(targets), `${output.name}.denormalize`, from) }),
  };
}

/** The model with the nodes of a normalization, the first and the last of its graph. */
export function putOn(definition: ModelDefinition, { input, output }: Normalization): ModelDefinition {
  if (!input && !output) return definition;
  const { graph, tensors, metadata } = definition;
  const nodes = input
    ? graph.nodes.map((node) => rename(node, input.node.input, input.node.name))
    : graph.nodes;
  const affines = [input, output].filter((affine) => affine !== undefined);
  const names = { ...(input && { input: input.node.name }), ...(output && { output: output.node.name }) };
  const normalized: ModelDefinition = {
    ...definition,
    graph: {
      ...graph,
      nodes: [...(input ? [input.node] : []), ...nodes, ...(output ? [output.node] : [])],
      outputs: output ? [{ ...graph.outputs[0]!, from: output.node.name }] : graph.outputs,
    },
    tensors: new Map([...tensors, ...affines.flatMap(tensorsOf)]),
    metadata: { ...metadata, [KEY]: JSON.stringify(names) },
  };
  inferShapes(normalized);
  return normalized;
}

/**
 * The model of normalized values within one of raw values, and what was around it: `putOn` gives the whole again. Of a
 * model without normalization itself and nothing.
 *
 * @throws RivuletError `invalid-graph` where the metadata name nodes that are not as `normalize` makes them
 */
export function takeOff(definition: ModelDefinition): {
  readonly definition: ModelDefinition;
  readonly normalization: Normalization;
} {
  const text = definition.metadata?.[KEY];
  if (text === undefined) return { definition, normalization: {} };
  const { graph, metadata } = definition;
  const names = readNames(text);
  const input = names.input === undefined ? undefined : affineOf(definition, names.input);
  const output = names.output === undefined ? undefined : affineOf(definition, names.output);
  const affines = [input, output].filter((affine) => affine !== undefined);
  const removed = new Set(affines.map(({ node }) => node.name));
  const tensors = new Map(definition.tensors);
  for (const [name] of affines.flatMap(tensorsOf)) tensors.delete(name);
  const { [KEY]: _, ...otherMetadata } = metadata!;
  const { metadata: __, ...others } = definition;
  const bare: ModelDefinition = {
    ...others,
    graph: {
      ...graph,
      nodes: graph.nodes
        .filter(({ name }) => !removed.has(name))
        .map((node) => (input ? rename(node, input.node.name, input.node.input) : node)),
      outputs: output ? [{ ...graph.outputs[0]!, from: output.node.input }] : graph.outputs,
    },
    tensors,
    ...(Object.keys(otherMetadata).length > 0 && { metadata: otherMetadata }),
  };
  checkPlaces(definition, input?.node, output?.node);
  inferShapes(bare);
  return { definition: bare, normalization: { ...(input && { input }), ...(output && { output }) } };
}

function readNames(text: string): { readonly input?: string; readonly output?: string } {
  try {
    return readFields(parseStrictJson(text), `metadata "${KEY}"`, 'invalid-graph', (fields) => ({
      ...(fields.has('input') && { input: fields.name('input') }),
      ...(fields.has('output') && { output: fields.name('output') }),
    }));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new RivuletError('invalid-graph', `metadata "${KEY}": ${cause.message}`, { cause });
  }
}

function affineOf({ graph, tensors }: ModelDefinition, name: string): NamedAffine {
  const node = graph.nodes.find((candidate) => candidate.name === name);
  const dataOf = (tensor: string | undefined) =>
    tensor === undefined ? undefined : tensors.get(tensor)?.data;
  if (node?.type === 'affine') {
    const [weight, bias] = [dataOf(node.tensors.weight), dataOf(node.tensors.bias)];
    if (weight instanceof Float32Array && bias instanceof Float32Array && !weight.includes(0)) {
      return { node, weight, bias };
    }
  }
  throw new RivuletError(
    'invalid-graph',
    `metadata "${KEY}" names ${show(name)}, which is no affine node with weights other than 0 and a bias`,
  );
}

/** The one must be all that reads the input, the other all that the output gives. */
function checkPlaces(
  { graph }: ModelDefinition,
  input: AffineNode | undefined,
  output: AffineNode | undefined,
): void {
  const others = graph.nodes.filter((node) => node !== input);
  const isAt =
    (!input || (input.input === graph.inputs[0]?.name && !others.some((node) => reads(node, input.input)))) &&
    (!output || (output.name === graph.outputs[0]?.from && !others.some((node) => reads(node, output.name))));
  if (isAt && graph.inputs.length === 1 && graph.outputs.length === 1) return;
  throw new RivuletError(
    'invalid-graph',
    `metadata "${KEY}": its nodes do not stand between the only input, the only output and all others: ` +
      'the graph was changed; remove the key from the metadata',
  );
}

function reads(node: GraphNode, name: string): boolean {
  return 'inputs' in node ? node.inputs.includes(name) : node.input === name;
}

function rename(node: GraphNode, from: string, to: string): GraphNode {
  if (!reads(node, from)) return node;
  if ('inputs' in node) return { ...node, inputs: node.inputs.map((name) => (name === from ? to : name)) };
  return { ...node, input: to };
}

function checkScaling(what: string, { center, scale }: Scaling, size: number): void {
  for (const [name, values] of Object.entries({ center, scale })) {
    if (values?.length !== size) {
      throw new RivuletError(
        'wrong-length',
        `normalization: ${what}: expected ${size} numbers as ${name}, got ${show(values?.length ?? values)}`,
      );
    }
    const wrong = values.findIndex((value) => !Number.isFinite(value) || (name === 'scale' && value <= 0));
    if (wrong < 0) continue;
    throw new RivuletError(
      'invalid-argument',
      `normalization: ${what}: ${name} must be finite${name === 'scale' ? ' and above 0' : ''}, ` +
        `got ${show(values[wrong])} at index ${wrong}`,
    );
  }
}
