import { Base, Direction, OpCode, SectionKind } from '../../assembly/shared/codes.ts';
import type { GraphInput, GraphNode, ModelDefinition, StateNode, Tensor } from '../graph/definition.ts';
import { inputsOf } from '../graph/reads.ts';
import { AdapterLowering, type PlanAdapters } from './lower/adapter.ts';
import type { Encoded, Value } from './lower/context.ts';
import { remember, stateName } from './lower/state.ts';
import { lowerNode } from './lower/table.ts';
import { type Operand, PlanWriter } from './writer.ts';

/**
 * Lays a validated model out as a plan: buffers, states and ops in the order of the graph's nodes, those of the encoder
 * first.
 *
 * @param room for the adapters of sessions, or the adapters that a training changes
 */
export function planModel(definition: ModelDefinition, room?: PlanAdapters): PlanWriter {
  const { graph } = definition;
  const plan = new PlanWriter();
  const adapters = room && new AdapterLowering(plan, room);
  const encoded = new Map<string, Value>();
  const { encoder } = graph;
  if (encoder) plan.encoder(() => lowerSection(plan, definition, encoder, adapters, encoded));
  const values = new Map<string, Value>();
  lowerSection(plan, definition, graph, adapters, values, (name) => memoryOf(encoded.get(name)!));
  for (const node of graph.nodes) handOver(plan, node, encoded);
  for (const { from } of graph.outputs) {
    const { buffer, size } = values.get(from)!;
    plan.output(buffer, size);
  }
  return plan;
}

function lowerSection(
  plan: PlanWriter,
  { tensors }: ModelDefinition,
  { inputs, nodes }: { readonly inputs: readonly GraphInput[]; readonly nodes: readonly GraphNode[] },
  adapters: AdapterLowering | undefined,
  values: Map<string, Value>,
  encoded: (name: string) => Encoded = withoutEncoder,
): void {
  const tensor = (name: string): Tensor => tensors.get(name)!;
  const scale = (name: string): Float32Array => tensors.get(`${name}.scale`)!.data as Float32Array;
  for (const { name, kind, size } of inputs) values.set(name, { buffer: plan.input(kind, size), size });
  for (const node of nodes) {
    const reads = inputsOf(node).map((name) => values.get(name)!);
    const [input] = reads as [Value];
    if (node.type === 'state') plan.beginLoop();
    values.set(node.name, lowerNode(node, { plan, inputs: reads, input, tensor, scale, encoded, adapters }));
    for (const { name, input } of statesThatEnd(node, nodes, values)) {
      remember(plan, findState(plan, stateName(name))!, values.get(input)!);
      plan.endLoop();
    }
  }
}

/** The states whose loop ends with a node: all that remember it, or itself where it remembers what stands before it. */
function statesThatEnd(
  node: GraphNode,
  nodes: readonly GraphNode[],
  values: ReadonlyMap<string, Value>,
): readonly StateNode[] {
  const states = nodes.filter((other) => other.type === 'state').filter(({ name }) => values.has(name));
  const own = node.type === 'state' && values.has(node.input) && node.input !== node.name ? [node] : [];
  return [...states.filter(({ input }) => input === node.name), ...own];
}

function withoutEncoder(name: string): never {
  throw new Error(`no encoder stands before this section, where ${name} would be`);
}

/** A value of the encoder, all its timesteps. */
function memoryOf({ buffer: { index, column }, size }: Value): Encoded {
  return { buffer: { base: Base.Encoded, index, column }, size };
}

/** The states of a node that begin with what the encoder ends with: copies, once the encoder is done. */
function handOver(plan: PlanWriter, node: GraphNode, encoded: ReadonlyMap<string, Value>): void {
  for (const [state, source] of Object.entries(('initial' in node && node.initial) || {})) {
    const target = findState(plan, `${node.name}.${state}`, SectionKind.Main)!;
    const n = plan.states[target.index]!.size;
    plan.encoder(() => {
      const from = findState(plan, source, SectionKind.Encoder) ?? lastOf(plan, source, encoded.get(source)!);
      plan.op({ code: OpCode.CopyState, direction: Direction.Once, operands: [from, target], n });
    });
  }
}

function findState(
  plan: PlanWriter,
  name: string,
  section: SectionKind = plan.section,
): (Operand & { base: Base.State }) | undefined {
  const index = plan.states.findIndex((state) => state.name === name && state.section === section);
  return index < 0 ? undefined : { base: Base.State, index };
}

/** A state of the encoder that holds the value of a node at the timestep before, and so at last the last one. */
function lastOf(plan: PlanWriter, node: string, value: Value): Operand {
  const last = plan.state(`${node}.last`, value.size);
  remember(plan, last, value);
  return last;
}
