import type { GraphNode, ModelDefinition, Tensor } from '../graph/definition.ts';
import { scaleName } from '../graph/node-tensors.ts';
import { allNodes } from '../graph/reads.ts';
import { quantize } from '../quantize/quantize.ts';
import { dequantize } from '../quantize/report.ts';

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

/** `trained` with int8 matrices in the nodes where `original` has them: float32 where it has none. */
export function requantizeModel(trained: ModelDefinition, original: ModelDefinition): ModelDefinition {
  const isInt8 = (node: GraphNode) =>
    Object.values('tensors' in node ? { ...node.tensors } : {}).some(
      (name) => original.tensors.get(name)?.dtype === 'I8',
    );
  const nodes = allNodes(original.graph);
  if (!nodes.some(isInt8)) return trained;
  const keep = nodes.filter((node) => !isInt8(node)).map(({ name }) => name);
  return quantize(trained, { weights: 'int8', keep }).definition;
}
