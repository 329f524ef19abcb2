/** A model of ours as an ONNX file (opset 17, float32), so that nobody is locked in. */
import { RivuletError } from '../../errors.ts';
import type { GraphNode, ModelDefinition, StateNode } from '../../graph/definition.ts';
import { inputsOf } from '../../graph/reads.ts';
import { inferShapes } from '../../graph/validate.ts';
import { refuse, refuseInt8, vectorOf, type WriteContext } from './write/context.ts';
import { GraphWriter } from './write/graph-writer.ts';
import { writeNode } from './write/nodes.ts';

export interface OnnxOptions {
  /**
   * A call is one timestep of one sequence, and the states are inputs `state.<state>` and outputs `state.<state>.next`, all
   * [1, 1, size]. Else a call is a batch of whole sequences, from the initial states. Models with a node `state` are always
   * of this form. False by default.
   */
  readonly timestep?: boolean;
}

/**
 * An ONNX model of inputs and outputs [time, batch, size], tokens [time, batch] in int64, which gives the same outputs.
 *
 * @throws RivuletError `not-supported`, naming the node and what ONNX has no operator for, or a tensor that is not float32;
 * and what `inferShapes` refuses
 */
export function toOnnx(definition: ModelDefinition, options: OnnxOptions = {}): Uint8Array {
  const { graph, tensors } = definition;
  const { sizes } = inferShapes(definition);
  refuseInt8(definition);
  if (graph.encoder)
    throw new RivuletError('not-supported', 'onnx: the model has an encoder; ONNX has one graph');
  const timestep = (options.timestep ?? false) || graph.nodes.some(({ type }) => type === 'state');
  const writer = new GraphWriter();
  const leading = timestep ? [1, 1] : ['time', 'batch'];
  const values = new Map<string, string>();
  for (const { name, kind, size } of graph.inputs) {
    const shape = kind === 'tokens' ? leading : [...leading, size];
    values.set(name, writer.input(name, shape, kind));
  }
  const tensor: WriteContext['tensor'] = (name) => tensors.get(name)!;
  // A name of an output is not that of a value before it.
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  for (const node of graph.nodes) {
    const name = outputs.has(node.name) ? `${node.name}/value` : node.name;
    if (node.type === 'state') values.set(node.name, stateInput(writer, node, tensor));
    else {
      const reads = inputsOf(node);
      const inputs = reads.map((read) => values.get(read)!);
      const inputSizes = reads.map((read) => sizes.get(read)!);
      const size = sizes.get(node.name)!;
      const common = { graph: writer, name, inputs, input: inputs[0]!, inputSizes, size, timestep, tensor };
      values.set(node.name, writeNode(node, common));
    }
  }
  for (const node of graph.nodes)
    if (node.type === 'state')
      writer.output(`state.${node.name}.next`, values.get(node.input)!, [1, 1, node.size]);
  for (const { name, from } of graph.outputs)
    writer.output(name, values.get(from)!, [...leading, sizes.get(from)!]);
  return writer.bytes();
}

/** What a state begins with is what the caller gives. */
function stateInput(writer: GraphWriter, node: StateNode, tensor: WriteContext['tensor']): string {
  const { initial } = node.tensors;
  if (initial !== undefined && vectorOf(tensor(initial)).some((value) => value !== 0))
    throw refuse(node as GraphNode, 'an initial value other than zeros, which ONNX has no place for');
  return writer.input(`state.${node.name}`, [1, 1, node.size]);
}
