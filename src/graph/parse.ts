import { RivuletError, show } from '../errors.ts';
import type { Encoder, Graph, GraphInput, GraphNode, GraphOutput, NodeType } from './definition.ts';
import { type Fields, readFields } from './fields.ts';
import { MAX_SIZE } from './limits.ts';
import { kindOf } from './nodes/table.ts';

/**
 * The structure of a graph out of untrusted JSON (parsed): fields of the right kinds and no others. The
 * result has its fields in one order, whatever the order in the JSON. What the names refer to is checked by
 * `inferShapes`.
 *
 * @throws RivuletError `invalid-graph`, naming the node and the field
 */
export function parseGraph(json: unknown): Graph {
  return readFields(json, 'graph', 'invalid-graph', (fields) => ({
    ...(fields.has('encoder') && { encoder: parseEncoder(fields.value('encoder')) }),
    inputs: parseInputs(fields, 'graph'),
    outputs: fields.array('outputs').map(parseOutput),
    nodes: parseNodes(fields, 'graph'),
  }));
}

function parseEncoder(json: unknown): Encoder {
  const place = 'graph: encoder';
  return readFields(json, place, 'invalid-graph', (fields) => {
    const encoder = { inputs: parseInputs(fields, place), nodes: parseNodes(fields, place) };
    if (encoder.nodes.length > 0) return encoder;
    throw new RivuletError('invalid-graph', `${place}: it needs at least one node`);
  });
}

function parseInputs(fields: Fields, owner: string): readonly GraphInput[] {
  return fields.array('inputs').map((json, index) => parseInput(json, `${owner}: inputs[${index}]`));
}

function parseNodes(fields: Fields, owner: string): readonly GraphNode[] {
  return fields.array('nodes').map((json, index) => parseNode(json, `${owner}: nodes[${index}]`));
}

function parseInput(json: unknown, place: string): GraphInput {
  return readFields(json, place, 'invalid-graph', (fields) => ({
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

/**
 * A node out of JSON.
 *
 * @param place where it stands, as an error message names it until its name is known
 */
export function parseNode(json: unknown, place: string): GraphNode {
  return readFields(json, place, 'invalid-graph', (fields) => {
    const name = fields.name('name');
    fields.place = `node ${show(name)}`;
    const kind = kindOf({ name, type: fields.name('type') as NodeType });
    const head = kind.merges ? { name, inputs: parseMerged(fields) } : { name, input: fields.name('input') };
    return kind.parse(head as never, fields);
  });
}

function parseMerged(fields: Fields): readonly string[] {
  const inputs = fields.strings('inputs');
  if (inputs.length >= 2) return inputs;
  throw new RivuletError(
    'invalid-graph',
    `${fields.place}: field "inputs" must name at least two inputs or nodes, got ${inputs.length}`,
  );
}
