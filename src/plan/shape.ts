import type { GraphNode, ModelDefinition } from '../graph/definition.ts';

/**
 * What two models must share for the state of one to mean something to the other: inputs, outputs, and each node with
 * its sizes, but not the names of tensors nor their types or values. ASCII strings of at most 4096 characters.
 */
export function* describeShape(definition: ModelDefinition): Generator<string> {
  const { graph, tensors } = definition;
  const position = new Map([...graph.inputs, ...graph.nodes].map(({ name }, i) => [name, i]));
  for (const { kind, size } of graph.inputs) yield `input ${kind} ${size};`;
  for (const node of graph.nodes) {
    const shapes = Object.entries('tensors' in node ? node.tensors : {}).map(
      ([role, name]) => `${role} ${tensors.get(name)?.shape}`,
    );
    yield `${node.type} ${position.get(node.input)} ${attributes(node)} ${shapes.sort().join(' ')};`;
  }
  for (const { from } of graph.outputs) yield `output ${position.get(from)};`;
}

function attributes(node: GraphNode): string {
  switch (node.type) {
    case 'rnn':
      return node.nonlinearity;
    case 'gru':
      return node.resetAfter ? 'after' : 'before';
    case 'dense':
    case 'activation':
      return node.activation ?? '';
    default:
      return '';
  }
}
