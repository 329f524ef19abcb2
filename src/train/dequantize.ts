import type { GraphNode, ModelDefinition, Tensor } from '../graph/definition.ts';
import { scaleName } from '../graph/node-tensors.ts';
import { allNodes } from '../graph/reads.ts';
import { quantize } from '../quantize/quantize.ts';
import { dequantize } from '../quantize/report.ts';
import type { TrainingOptions } from './options.ts';

/** The float32 model that an int8 one computes with: each weight its integer times its scale. */
export function dequantizeModel(definition: ModelDefinition): ModelDefinition {
  const tensors = new Map<string, Tensor>(definition.tensors);
  for (const [name, tensor] of definition.tensors) {
    if (tensor.dtype !== 'I8') continue;
    const data = dequantize(tensor, definition.tensors.get(scaleName(name))!);
    tensors.set(name, { dtype: 'F32', shape: tensor.shape, data });
    tensors.delete(scaleName(name));
  }
  return { ...definition, tensors };
}

/** The nodes of a model that has int8 matrices whose own are float32; undefined where it has none. */
function float32Nodes({ graph, tensors }: ModelDefinition): string[] | undefined {
  const isInt8 = (node: GraphNode) =>
    Object.values('tensors' in node ? { ...node.tensors } : {}).some(
      (name) => tensors.get(name)?.dtype === 'I8',
    );
  const nodes = allNodes(graph);
  if (!nodes.some(isInt8)) return undefined;
  return nodes.filter((node) => !isInt8(node)).map(({ name }) => name);
}

/** `trained` with int8 matrices in the nodes where `original` has them: float32 where it has none. */
export function requantizeModel(trained: ModelDefinition, original: ModelDefinition): ModelDefinition {
  const keep = float32Nodes(original);
  return keep ? quantize(trained, { weights: 'int8', keep }).definition : trained;
}

/** The options to train `original` with: where that is for int8, the nodes that are float32 in it stay so. */
export function forQuantized(original: ModelDefinition, options: TrainingOptions): TrainingOptions {
  const keep = float32Nodes(original);
  if (options.quantizationAware !== 'int8' || !keep) return options;
  return { ...options, quantizationAware: { weights: 'int8', keep } };
}
