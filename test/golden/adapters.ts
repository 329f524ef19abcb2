/** The golden cases of low-rank adapters: what PyTorch gives in float64 (adapters.py made them, and says what a case holds). */
import { readFileSync } from 'node:fs';
import { type Factors, factorNames, type LowRank } from '../../src/adapters/low-rank.ts';
import type { Graph, ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { allNodes } from '../../src/graph/reads.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { Fixture } from './fixture.ts';

export interface AdapterFixture {
  readonly name: string;
  readonly definition: ModelDefinition;
  readonly adapters: LowRank;
  readonly batchSize: number;
  readonly timesteps: number;
  /** Of the mean squared error. */
  readonly window: WindowInput;
  readonly lossValue: number;
  /** [timesteps, batch, size] */
  readonly outputs: Float64Array;
  /** By the names of the factors. */
  readonly gradients: ReadonlyMap<string, Float64Array>;
}

/** A line of cases.jsonl. */
interface Line {
  readonly name: string;
  readonly prefix: string;
  readonly graph: Graph;
  readonly batchSize: number;
  readonly timesteps: number;
  readonly lossValue: number;
  readonly rank: number;
  readonly alpha: number;
}

/** Reads the fixtures anew at each call. */
export function adapterFixtures(): AdapterFixture[] {
  const lines = readFileSync(new URL('./fixtures/adapters/cases.jsonl', import.meta.url), 'utf8');
  const cases = lines.trim().split('\n');
  return cases.map((line) => fixtureOf(JSON.parse(line) as Line));
}

function fixtureOf(line: Line): AdapterFixture {
  const { name, prefix, graph, rank, alpha, batchSize, timesteps, lossValue } = line;
  const file = new Fixture('adapters/cases', prefix);
  const read = (tensor: string) =>
    ({ dtype: 'F32', shape: file.shape(tensor), data: file.float32(tensor) }) as const;
  const tensors = new Map<string, Tensor>();
  const factors = new Map<string, Factors>();
  const gradients = new Map<string, Float64Array>();
  for (const node of allNodes(graph)) {
    for (const tensor of 'tensors' in node ? Object.values<string>({ ...node.tensors }) : []) {
      tensors.set(tensor, read(tensor));
      if (file.shape(tensor).length < 2) continue;
      const names = factorNames(tensor);
      factors.set(tensor, { a: read(names.a), b: read(names.b) });
      for (const factor of Object.values(names)) gradients.set(factor, file.float64(`gradient/${factor}`));
    }
  }
  return {
    name,
    definition: { graph, tensors },
    adapters: { rank, alpha, factors },
    batchSize,
    timesteps,
    window: { inputs: file.float32('inputs'), targets: file.float32('targets') },
    lossValue,
    outputs: file.float64('outputs'),
    gradients,
  };
}
