import type { Graph, GraphNode, ModelDefinition } from '../graph/definition.ts';
import { kindOf } from '../graph/nodes/table.ts';
import { inputsOf } from '../graph/reads.ts';

/** The longest string that is hashed at once. */
const PIECE = 4096;

/**
 * What two models must share for the state of one to mean something to the other: inputs, outputs, and each node with
 * its sizes, but not the names of tensors nor their types or values. ASCII strings of at most 4096 characters.
 */
export function* describeShape(definition: ModelDefinition): Generator<string> {
  for (const part of describeParts(definition)) {
    for (let at = 0; at < part.length; at += PIECE) yield part.slice(at, at + PIECE);
  }
}

function* describeParts(definition: ModelDefinition): Generator<string> {
  const { graph } = definition;
  const { encoder } = graph;
  const position = positions(graph);
  for (const { kind, size } of encoder?.inputs ?? []) yield `encoder input ${kind} ${size};`;
  for (const node of encoder?.nodes ?? []) yield `encoder ${describeNode(node, position, definition)};`;
  for (const { kind, size } of graph.inputs) yield `input ${kind} ${size};`;
  for (const node of graph.nodes) yield `${describeNode(node, position, definition)};`;
  for (const { from } of graph.outputs) yield `output ${position.get(from)};`;
}

/** Names do not count, only where what they name stands. */
function positions({ encoder, inputs, nodes }: Graph): ReadonlyMap<string, number> {
  const all = [...(encoder?.inputs ?? []), ...(encoder?.nodes ?? []), ...inputs, ...nodes];
  return new Map(all.map(({ name }, i) => [name, i]));
}

function describeNode(
  node: GraphNode,
  position: ReadonlyMap<string, number>,
  { tensors }: ModelDefinition,
): string {
  const shapes = Object.entries('tensors' in node ? node.tensors : {}).map(
    ([role, name]) => `${role} ${tensors.get(name)?.shape}`,
  );
  const reads = inputsOf(node).map((name) => position.get(name));
  const parts = [node.type, reads, kindOf(node).attributes(node), shapes.sort().join(' ')];
  if (node.type === 'state') parts.push(`of ${position.get(node.input)}`);
  if (node.type === 'attention') parts.push(`memory ${position.get(node.memory)}`);
  if ('initial' in node) {
    const initial = Object.entries(node.initial ?? {});
    parts.push(
      ...initial.map(([state, source]) => `${state} from ${describeSource(source, position)}`).sort(),
    );
  }
  return parts.join(' ');
}

/** A node's position, and with a state of a node that one's name: `3`, `3.h`. */
function describeSource(source: string, position: ReadonlyMap<string, number>): string {
  const node = [...position.keys()]
    .filter((name) => source === name || source.startsWith(`${name}.`))
    .reduce((longest, name) => (name.length > longest.length ? name : longest), '');
  return `${position.get(node)}${source.slice(node.length)}`;
}
