import { kindOf } from '../../src/graph/nodes/table.ts';
import { inputsOf } from '../../src/graph/reads.ts';
import { inferShapes } from '../../src/graph/validate.ts';
import type { GraphInput, GraphNode, Layer, Model, ModelDefinition } from '../../src/index.ts';
import { drawGraph } from './drawing.ts';
import { count, table } from './table.ts';

const HEAD = [
  'graph',
  'node',
  'type',
  'reads',
  'size',
  'parameters',
  'bytes',
  'weights',
  'options',
  'shapes',
];

/** A line for each input, node and output, with the way of the values drawn before it. */
export function describeGraph({ layers, definition }: Model): string {
  const { encoder, inputs, nodes, outputs } = definition.graph;
  const { sizes } = inferShapes(definition);
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const row = (node: GraphNode) => describeNode(node, byName.get(node.name)!, definition);
  const before = encoder ? draw(encoder.inputs.map(describeInput), encoder.nodes.map(row), []) : [];
  const after = draw(
    inputs.map(describeInput),
    nodes.map(row),
    outputs.map(({ name, from }) => ({
      reads: [from],
      cells: [name, 'output', from, String(sizes.get(from))],
    })),
  );
  const total = (key: 'parameters' | 'bytes') => count(layers.reduce((sum, layer) => sum + layer[key], 0));
  const sum = ['', '', '', '', '', total('parameters'), total('bytes')];
  const lines = table([HEAD, ...before, ...after, sum], [4, 5, 6]).split('\n');
  if (encoder) {
    lines.splice(1 + before.length, 0, 'each timestep:');
    lines.splice(1, 0, 'once a sequence:');
  }
  return lines.join('\n');
}

/** Cells of a line, from the name on, and the names of what it reads. */
interface Row {
  readonly reads: readonly string[];
  readonly cells: readonly string[];
}

function draw(inputs: readonly Row[], nodes: readonly Row[], outputs: readonly Row[]): string[][] {
  const rows = [...inputs, ...nodes, ...outputs];
  const drawn = rows.map(({ reads, cells }, i) => {
    const isOutput = i >= inputs.length + nodes.length;
    // An output may have the name of a node, and nothing reads it.
    return { name: isOutput ? '' : cells[0]!, mark: i < inputs.length ? '○' : isOutput ? '◆' : '●', reads };
  });
  return drawGraph(drawn).map((line, i) => [line, ...rows[i]!.cells]);
}

function describeInput({ name, kind, size }: GraphInput): Row {
  return { reads: [], cells: [name, kind, '', String(size)] };
}

function describeNode(node: GraphNode, layer: Layer, definition: ModelDefinition): Row {
  const reads = inputsOf(node);
  const cells = [
    node.name,
    node.type,
    [...(reads.length > 0 ? [reads.join(', ')] : []), ...describeElsewhere(node)].join('; '),
    String(layer.size),
    count(layer.parameters),
    count(layer.bytes),
    layer.weights === 'none' ? '' : layer.weights,
    kindOf(node).attributes(node).trim(),
    describeShapes(node, definition),
  ];
  return { reads, cells };
}

/** What a node has of another timestep: `dense before`; or of the encoder: `memory encoder`, `h from encoder.h`. */
function describeElsewhere(node: GraphNode): readonly string[] {
  if (node.type === 'state') return [`${node.input} before`];
  if (node.type === 'attention') return [`memory ${node.memory}`];
  const initial = Object.entries(('initial' in node && node.initial) || {});
  return initial.map(([state, source]) => `${state} from ${source}`);
}

/** weight_ih 1024×64, bias_ih 1024 … */
function describeShapes(node: GraphNode, { tensors }: ModelDefinition): string {
  const roles = Object.entries('tensors' in node ? (node.tensors as Readonly<Record<string, string>>) : {});
  return roles.map(([role, name]) => `${role} ${tensors.get(name)?.shape.join('×')}`).join(', ');
}
