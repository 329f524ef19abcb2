import type { ModelDefinition, Tensor } from '../graph/definition.ts';
import type { Value } from './lower/context.ts';
import { lowerNode } from './lower/table.ts';
import { PlanWriter } from './writer.ts';

/** Lays a validated model out as a plan: buffers, states and ops in the order of the graph's nodes. */
export function planModel(definition: ModelDefinition): PlanWriter {
  const { graph, tensors } = definition;
  const plan = new PlanWriter();
  const values = new Map<string, Value>();
  const tensor = (name: string): Tensor => tensors.get(name)!;
  const scale = (name: string): Float32Array => tensors.get(`${name}.scale`)!.data as Float32Array;
  for (const { name, kind, size } of graph.inputs) values.set(name, { buffer: plan.input(kind, size), size });
  for (const node of graph.nodes) {
    values.set(node.name, lowerNode(node, { plan, input: values.get(node.input)!, tensor, scale }));
  }
  for (const { from } of graph.outputs) {
    const { buffer, size } = values.get(from)!;
    plan.output(buffer, size);
  }
  return plan;
}
