/** The golden cases of every loss: what PyTorch gives in float64 (losses.py made them, and says what a case holds). */
import { readFileSync } from 'node:fs';
import type { Graph, ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import type { LossName, LossOptions } from '../../src/train/losses/table.ts';
import type { WindowInput } from '../../src/train/window.ts';
import { Fixture } from './fixture.ts';

export interface LossFixture {
  readonly name: string;
  readonly loss: LossOptions;
  /** The type of the cell, or `logits`: the only parameters are the outputs themselves. */
  readonly model: string;
  readonly definition: ModelDefinition;
  readonly batchSize: number;
  readonly timesteps: number;
  readonly window: WindowInput;
  readonly lossValue: number;
  /** By tensor. */
  readonly gradients: ReadonlyMap<string, Float64Array>;
}

/** A line of cases.jsonl. */
interface Line {
  readonly name: string;
  readonly prefix: string;
  readonly loss: LossOptions;
  readonly model: string;
  readonly graph: Graph;
  readonly timesteps: number;
  readonly lengths: readonly number[];
  readonly targetLengths?: readonly number[];
  readonly lossValue: number;
}

/** The options that are tried of each loss; losses.py reads them too. */
export function lossOptions(): Record<LossName, readonly Omit<LossOptions, 'type'>[]> {
  return JSON.parse(readFileSync(new URL('./losses.json', import.meta.url), 'utf8'));
}

/** Reads the fixtures anew at each call. */
export function lossFixtures(): LossFixture[] {
  const lines = readFileSync(new URL('./fixtures/losses/cases.jsonl', import.meta.url), 'utf8');
  const fixture = new Fixture('losses/cases');
  return lines
    .trim()
    .split('\n')
    .map((line) => fixtureOf(JSON.parse(line) as Line, fixture));
}

function fixtureOf(line: Line, file: Fixture): LossFixture {
  const { name, prefix, loss, model, graph, timesteps, lengths, targetLengths, lossValue } = line;
  const tensors = new Map<string, Tensor>();
  const gradients = new Map<string, Float64Array>();
  for (const node of graph.nodes) {
    for (const tensor of 'tensors' in node ? Object.values<string>({ ...node.tensors }) : []) {
      tensors.set(tensor, {
        dtype: 'F32',
        shape: file.shape(prefix + tensor),
        data: file.float32(prefix + tensor),
      });
      gradients.set(tensor, file.float64(`${prefix}gradient/${tensor}`));
    }
  }
  const words = (tensor: string) => Uint32Array.from(file.int32(prefix + tensor));
  const areWords = loss.type === 'cross-entropy' || loss.type === 'ctc';
  const window = {
    inputs: graph.inputs[0]!.kind === 'tokens' ? words('inputs') : file.float32(`${prefix}inputs`),
    targets: areWords ? words('targets') : file.float32(`${prefix}targets`),
    lengths,
    ...(targetLengths && { targetLengths }),
  };
  return {
    name,
    loss,
    model,
    definition: { graph, tensors },
    batchSize: lengths.length,
    timesteps,
    window,
    lossValue,
    gradients,
  };
}
