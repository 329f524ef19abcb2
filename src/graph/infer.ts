import { RivuletError, show } from '../errors.ts';
import type { Encoder, GraphInput, GraphNode, Tensor } from './definition.ts';
import { checkInitial } from './initial.ts';
import { MAX_SIZE } from './limits.ts';
import { NodeTensors } from './node-tensors.ts';
import type { NodeShape } from './nodes/node-kind.ts';
import { kindOf } from './nodes/table.ts';
import { inputsOf } from './reads.ts';
import { checkRemembered } from './remembered.ts';

/** What runs together: the nodes of a graph, or those of its encoder. */
export type Section = Encoder;

/** What is known of the names of a section. */
export interface SectionShapes {
  readonly inputs: ReadonlyMap<string, GraphInput>;
  /** Values each timestep of every input and every node; for a tokens input its vocabulary. */
  readonly sizes: ReadonlyMap<string, number>;
  /** The size of h of every recurrent node. */
  readonly hidden: ReadonlyMap<string, number>;
  /** The sizes of the states of all recurrent nodes, as `lstm.h`. */
  readonly states: ReadonlyMap<string, number>;
}

/** The tensors of a model, and the names of those that a node was seen to use. */
export interface TensorUse {
  readonly tensors: ReadonlyMap<string, Tensor>;
  readonly used: Set<string>;
}

/**
 * Checks a section and infers its shapes, node by node in their order.
 *
 * @param encoder what the section may look into; its names are taken
 * @throws RivuletError `invalid-graph`, `wrong-shape`, and what `NodeTensors` throws, naming the node
 */
export function inferSection(section: Section, use: TensorUse, encoder?: SectionShapes): SectionShapes {
  const inputs = indexInputs(section.inputs, encoder);
  const sizes = new Map(section.inputs.map(({ name, size }) => [name, size]));
  const hidden = new Map<string, number>();
  const states = new Map<string, number>();
  const shapes: SectionShapes = { inputs, sizes, hidden, states };
  for (const node of section.nodes) {
    const shape = inferNode(node, section, shapes, use, encoder);
    sizes.set(node.name, shape.size);
    if (shape.hidden !== undefined) hidden.set(node.name, shape.hidden);
    for (const [state, size] of Object.entries(shape.states ?? {})) {
      const name = `${node.name}.${state}`;
      if (states.has(name) || encoder?.states.has(name)) {
        throw new RivuletError(
          'invalid-graph',
          `node ${show(node.name)}: another node already has a state ${show(name)}; rename one of the nodes`,
        );
      }
      states.set(name, size);
    }
  }
  checkRemembered(section, shapes);
  return shapes;
}

function indexInputs(
  inputs: readonly GraphInput[],
  encoder: SectionShapes | undefined,
): ReadonlyMap<string, GraphInput> {
  const index = new Map<string, GraphInput>();
  for (const input of inputs) {
    if (index.has(input.name)) {
      throw new RivuletError('invalid-graph', `graph: two inputs have the name ${show(input.name)}`);
    }
    if (encoder?.sizes.has(input.name)) {
      throw new RivuletError(
        'invalid-graph',
        `graph: the input ${show(input.name)} has the name of an input or a node of the encoder; rename one`,
      );
    }
    index.set(input.name, input);
  }
  return index;
}

/** Checks a node whose inputs' shapes are known, and infers its shape. */
export function inferNode(
  node: GraphNode,
  section: Section,
  shapes: SectionShapes,
  { tensors, used }: TensorUse,
  encoder: SectionShapes | undefined,
): NodeShape {
  const place = `node ${show(node.name)}`;
  if (shapes.sizes.has(node.name) || encoder?.sizes.has(node.name)) {
    throw new RivuletError('invalid-graph', `${place}: an input or another node already has this name`);
  }
  const inputSizes = inputsOf(node).map((name) => findInput(name, node, section, shapes, encoder));
  const roles = 'tensors' in node ? { ...node.tensors } : {};
  const shape = kindOf(node).shape(node, inputSizes, new NodeTensors(node.name, roles, tensors, used), {
    place,
    ...(encoder && { encoder: nodeSizes(encoder) }),
  });
  if (shape.size < 1 || shape.size > MAX_SIZE) {
    throw new RivuletError(
      'wrong-shape',
      `${place}: its tensors give it the size ${shape.size}; expected 1 to ${MAX_SIZE}`,
    );
  }
  if ('initial' in node && node.initial) checkInitial(node, shape.states ?? {}, encoder);
  return shape;
}

/** The size of one value that a node reads: an input, or a node before it. */
function findInput(
  name: string,
  node: GraphNode,
  section: Section,
  { inputs, sizes }: SectionShapes,
  encoder: SectionShapes | undefined,
): number {
  const place = `node ${show(node.name)}`;
  const size = sizes.get(name);
  if (size === undefined) {
    const later = section.nodes.some((other) => other.name === name);
    throw new RivuletError('invalid-graph', `${place} reads ${show(name)}, ${whyNot(name, later, encoder)}`);
  }
  const gives = inputs.get(name)?.kind === 'tokens' ? 'tokens' : 'vector';
  const { reads } = kindOf(node);
  if (gives !== reads) {
    throw new RivuletError(
      'invalid-graph',
      `${place}: ${node.type} reads ${reads === 'tokens' ? 'an input of tokens' : 'a vector'}, ` +
        `but ${show(name)} is ${gives === 'tokens' ? 'an input of tokens' : 'a vector'}`,
    );
  }
  return size;
}

function whyNot(name: string, later: boolean, encoder: SectionShapes | undefined): string {
  if (later) {
    return 'which does not come before it; nodes must stand in the order in which they run, without cycles';
  }
  if (encoder?.sizes.has(name)) {
    return 'which is of the encoder; only the memory of an attention and `initial` reach into it';
  }
  return 'which is neither an input nor a node before it';
}

function nodeSizes({ inputs, sizes }: SectionShapes): ReadonlyMap<string, number> {
  return new Map([...sizes].filter(([name]) => !inputs.has(name)));
}
