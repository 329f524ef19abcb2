/**
 * Nodes of ours that two operators of the file became and one can do: a bias behind a product, a scale and a shift behind a
 * layer norm. The result has the same values.
 */
import type { AffineNode, DenseNode, GraphNode, GraphOutput, LayerNormNode } from '../../graph/definition.ts';
import { inputsOf } from '../../graph/reads.ts';
import type { Emitter } from './emitter.ts';

export function simplify(emit: Emitter, outputs: readonly GraphOutput[]): void {
  const readers = new Map<string, number>();
  const count = (name: string) => readers.set(name, (readers.get(name) ?? 0) + 1);
  for (const node of emit.nodes) (node.type === 'state' ? [node.input] : inputsOf(node)).forEach(count);
  for (const { from } of outputs) count(from);
  const kept = new Map<string, GraphNode>();
  for (const node of emit.nodes) {
    const before = 'input' in node ? kept.get(node.input) : undefined;
    const joined = before && readers.get(before.name) === 1 ? join(before, node) : undefined;
    if (joined) kept.delete(before!.name);
    kept.set(node.name, joined ?? node);
  }
  emit.nodes.splice(0, emit.nodes.length, ...kept.values());
}

/** Both nodes as one, under the name of the second. */
function join(first: GraphNode, second: GraphNode): GraphNode | undefined {
  if (second.type !== 'affine') return undefined;
  if (first.type === 'dense') return withBias(first, second);
  if (first.type === 'layernorm' || first.type === 'affine') return withScale(first, second);
  return undefined;
}

function withBias(dense: DenseNode, { name, tensors }: AffineNode): GraphNode | undefined {
  const { weight, bias } = tensors;
  if (weight !== undefined || bias === undefined || dense.tensors.bias !== undefined || dense.activation)
    return undefined;
  return { ...dense, name, tensors: { ...dense.tensors, bias } };
}

/** A scale where there is neither yet, a shift where there is none. */
function withScale<N extends LayerNormNode | AffineNode>(
  node: N,
  { name, tensors }: AffineNode,
): N | undefined {
  const own = node.tensors;
  if (own.bias !== undefined || (tensors.weight !== undefined && own.weight !== undefined)) return undefined;
  return { ...node, name, tensors: { ...own, ...tensors } };
}
