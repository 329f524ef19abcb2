/** The golden cases of every type of node: what PyTorch gives in float64 (contract.py made them, and says what a case holds). */
import { readFileSync } from 'node:fs';
import type { Graph, GraphInput, ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import type { WindowInput } from '../../src/train/window.ts';
import type { ReferenceLoss } from '../reference/backward/graph.ts';
import { Fixture } from './fixture.ts';

export interface ContractFixture {
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly loss: ReferenceLoss;
  readonly batchSize: number;
  readonly timesteps: number;
  readonly window: WindowInput;
  readonly lossValue: number;
  /** [timesteps, batch, size]; zeros beyond a length. */
  readonly outputs: Float64Array;
  /** By tensor. */
  readonly gradients: ReadonlyMap<string, Float64Array>;
  /** [timesteps, batch, size]; none of tokens. */
  readonly inputGradient: Float64Array | undefined;
}

/** A line of cases.jsonl. */
interface Line {
  readonly name: string;
  readonly prefix: string;
  readonly graph: Graph;
  readonly loss: ReferenceLoss;
  readonly batchSize: number;
  readonly timesteps: number;
  readonly lengths?: readonly number[];
  readonly memory?: number;
  readonly lossValue: number;
}

/** Reads the fixtures anew at each call. */
export function contractFixtures(): ContractFixture[] {
  const lines = readFileSync(new URL('./fixtures/contract/cases.jsonl', import.meta.url), 'utf8');
  const fixture = new Fixture('contract/cases');
  return lines
    .trim()
    .split('\n')
    .map((line) => fixtureOf(JSON.parse(line) as Line, fixture));
}

function fixtureOf(line: Line, file: Fixture): ContractFixture {
  const { name, prefix, graph, loss, batchSize, timesteps, lossValue } = line;
  const tensors = new Map<string, Tensor>();
  const gradients = new Map<string, Float64Array>();
  for (const tensor of tensorNames(graph)) {
    const data = file.float32(prefix + tensor);
    tensors.set(tensor, { dtype: 'F32', shape: file.shape(prefix + tensor), data });
    if (!tensor.includes('.running_')) gradients.set(tensor, file.float64(`${prefix}gradient/${tensor}`));
  }
  const features = graph.inputs[0]!.kind === 'features';
  return {
    name,
    definition: { graph, tensors },
    loss,
    batchSize,
    timesteps,
    window: windowOf(line, file),
    lossValue,
    outputs: file.float64(`${prefix}outputs`),
    gradients,
    inputGradient: features ? file.float64(`${prefix}gradient/inputs`) : undefined,
  };
}

function windowOf({ prefix, graph, loss, lengths, memory }: Line, file: Fixture): WindowInput {
  const rows = ({ kind }: GraphInput, name: string) =>
    kind === 'tokens' ? Uint32Array.from(file.int32(prefix + name)) : file.float32(prefix + name);
  const targets = `${prefix}targets`;
  return {
    inputs: rows(graph.inputs[0]!, 'inputs'),
    targets: loss === 'cross-entropy' ? Uint32Array.from(file.int32(targets)) : file.float32(targets),
    ...(lengths && { lengths }),
    ...(graph.encoder && {
      source: { inputs: rows(graph.encoder.inputs[0]!, 'memory'), timesteps: memory! },
    }),
  };
}

function tensorNames({ encoder, nodes }: Graph): Set<string> {
  const all = [...(encoder?.nodes ?? []), ...nodes];
  return new Set(
    all.flatMap((node) => ('tensors' in node ? Object.values<string>({ ...node.tensors }) : [])),
  );
}
