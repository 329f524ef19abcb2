import { RivuletError, show } from '../errors.ts';
import type { GraphNode, MinGruNode, MinLstmNode, ModelDefinition } from '../graph/definition.ts';
import { inputsOf } from '../graph/reads.ts';
import { planModel } from '../plan/plan.ts';
import type { TrainExports } from '../runtime/exports.ts';
import type { Trainer } from './trainer.ts';

/** What real-time recurrent learning carries from window to window: dh/dθ of one minGRU or minLSTM (assembly/train/rtrl.ts). */
export class Sensitivities {
  readonly #trainer: Trainer;
  readonly #exports: TrainExports;
  readonly #address: number;

  /**
   * @param trainer of one stream, of a model that `requireElementwise` took
   * @throws RivuletError `out-of-memory`
   */
  constructor(trainer: Trainer) {
    const { runtime } = trainer;
    this.#trainer = trainer;
    this.#exports = runtime.trainExports;
    const at = trainer.addresses.trainer;
    this.#address = runtime.allocate(
      this.#exports.rtrlBytes(at) >>> 0,
      'the sensitivities of real-time recurrent learning',
    );
    this.#exports.rtrlInit(this.#address, at);
  }

  /** Behind each window of the trainer. @returns the norm of the gradients, with what lies before the window */
  advance(timesteps: number): number {
    this.#exports.rtrlAdvance(this.#address, timesteps);
    return this.#exports.trainerNorm(this.#trainer.addresses.trainer);
  }

  reset(): void {
    this.#exports.rtrlReset(this.#address);
  }

  /** Of all parameters of the cell; a view that lives until memory grows. */
  get values(): Float32Array {
    const at = this.#exports.rtrlSensitivities(this.#address) >> 2;
    const floats = this.#exports.rtrlSensitivityBytes(this.#address) >> 2;
    return this.#trainer.runtime.floats.subarray(at, at + floats);
  }

  /** Whether the stream has passed its first window. */
  get begun(): boolean {
    return this.#exports.rtrlBegun(this.#address) !== 0;
  }

  set begun(begun: boolean) {
    this.#exports.rtrlSetBegun(this.#address, begun ? 1 : 0);
  }

  dispose(): void {
    this.#trainer.runtime.free(this.#address);
  }
}

/** Whether there are any: a frozen cell has none to carry, and the gradient of what comes after it needs none. */
export function hasSensitivities({ graph }: ModelDefinition, trainable: ReadonlySet<string>): boolean {
  return elementwiseTensors(cellOf(graph.nodes)).some((name) => trainable.has(name));
}

/**
 * Refuses what real-time recurrent learning is not exact for: it takes a model whose only memory is one minGRU or minLSTM,
 * with nothing trainable before that, and not the initial state alone.
 *
 * @throws RivuletError `not-supported`, naming the node or the tensor
 */
export function requireElementwise(definition: ModelDefinition, trainable: ReadonlySet<string>): void {
  const { nodes } = definition.graph;
  const states = planModel(definition).states.map(({ name }) => name);
  const cell = cellOf(nodes);
  if (!cell || states.length !== 1) {
    throw new RivuletError(
      'not-supported',
      `algorithm "rtrl" is for a model whose only memory is one minGRU or minLSTM; this one has ` +
        `${states.length === 0 ? 'none' : states.map(show).join(', ')}: take algorithm "bptt"`,
    );
  }
  if (trainable.has(cell.tensors.h0 ?? '') && !elementwiseTensors(cell).some((name) => trainable.has(name))) {
    throw new RivuletError(
      'not-supported',
      `algorithm "rtrl" learns the initial state of ${show(cell.name)} together with its weights only: take ` +
        `${show(cell.tensors.h0)} out of options.trainable, or its matrix in`,
    );
  }
  for (const node of before(cell, nodes)) {
    const [tensor] =
      'tensors' in node ? Object.values({ ...node.tensors }).filter((name) => trainable.has(name)) : [];
    if (tensor === undefined) continue;
    throw new RivuletError(
      'not-supported',
      `algorithm "rtrl" is exact for ${show(cell.name)} and what comes after it; ${show(node.name)} comes before it and ` +
        `tensor ${show(tensor)} is trainable: leave it out of options.trainable, or take algorithm "bptt"`,
    );
  }
}

function cellOf(nodes: readonly GraphNode[]): MinGruNode | MinLstmNode | undefined {
  return nodes.find((node) => node.type === 'mingru' || node.type === 'minlstm');
}

/** Its matrix and bias. */
function elementwiseTensors(cell: MinGruNode | MinLstmNode | undefined): readonly string[] {
  return cell ? [cell.tensors.weight_ih, cell.tensors.bias_ih].filter((name) => name !== undefined) : [];
}

/** All that a node reads, and what that reads. */
function before(node: GraphNode, nodes: readonly GraphNode[]): ReadonlySet<GraphNode> {
  const found = new Set<GraphNode>();
  const open = [node];
  for (let next = open.pop(); next; next = open.pop()) {
    for (const name of inputsOf(next)) {
      const source = nodes.find((candidate) => candidate.name === name);
      if (!source || found.has(source)) continue;
      found.add(source);
      open.push(source);
    }
  }
  return found;
}
