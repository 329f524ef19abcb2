import { RivuletError, show } from '../errors.ts';
import type { Graph, GraphInput, GraphNode, GraphOutput, NodeType } from './definition.ts';
import { readFields } from './fields.ts';
import { NODE_KINDS } from './nodes/table.ts';

/** The largest size of an input or a node, and so the largest vocabulary. */
export const MAX_SIZE = 65536;

/**
 * The structure of a graph out of untrusted JSON (parsed): fields of the right kinds and no others. The
 * result has its fields in one order, whatever the order in the JSON. What the names refer to is checked by
 * `inferShapes`.
 *
 * @throws RivuletError `invalid-graph`, naming the node and the field
 */
export function parseGraph(json: unknown): Graph {
  return readFields(json, 'graph', 'invalid-graph', (fields) => ({
    inputs: fields.array('inputs').map(parseInput),
    outputs: fields.array('outputs').map(parseOutput),
    nodes: fields.array('nodes').map(parseNode),
  }));
}

function parseInput(json: unknown, index: number): GraphInput {
  return readFields(json, `graph: inputs[${index}]`, 'invalid-graph', (fields) => ({
    name: fields.name('name'),
    kind: fields.oneOf('kind', ['features', 'tokens']),
    size: fields.integer('size', 1, MAX_SIZE),
  }));
}

function parseOutput(json: unknown, index: number): GraphOutput {
  return readFields(json, `graph: outputs[${index}]`, 'invalid-graph', (fields) => ({
    name: fields.name('name'),
    from: fields.name('from'),
  }));
}

function parseNode(json: unknown, index: number): GraphNode {
  return readFields(json, `graph: nodes[${index}]`, 'invalid-graph', (fields) => {
    const name = fields.name('name');
    fields.place = `node ${show(name)}`;
    const head = { name, input: fields.name('input') };
    const type = fields.name('type');
    if (!Object.hasOwn(NODE_KINDS, type)) {
      const known = Object.keys(NODE_KINDS).join(', ');
      throw new RivuletError(
        'invalid-graph',
        `${fields.place}: unknown type ${show(type)}; known are ${known}`,
      );
    }
    return NODE_KINDS[type as NodeType].parse(head, fields);
  });
}
