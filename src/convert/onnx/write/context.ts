import { RivuletError, show } from '../../../errors.ts';
import type { GraphNode, ModelDefinition, Tensor } from '../../../graph/definition.ts';
import type { GraphWriter } from './graph-writer.ts';

/** What writing a node of ours needs. Values are [time, batch, size]. */
export interface WriteContext {
  readonly graph: GraphWriter;
  /** The node's name, with which those of its values begin. */
  readonly name: string;
  /** The ONNX values that the node reads. */
  readonly inputs: readonly string[];
  readonly input: string;
  /** Sizes of what it reads, and of what it gives. */
  readonly inputSizes: readonly number[];
  readonly size: number;
  /** One timestep a call, the states as inputs and outputs; else a sequence from the initial states. */
  readonly timestep: boolean;
  tensor(name: string): Tensor;
}

export function vectorOf({ data }: Tensor): Float32Array {
  return data as Float32Array;
}

/** @param what what of the node ONNX has no operator for */
export function refuse({ name, type }: Pick<GraphNode, 'name' | 'type'>, what: string): RivuletError {
  return new RivuletError('not-supported', `onnx: node ${show(name)} (${type}): ${what}`);
}

/** @throws RivuletError `not-supported` for a model with int8 weights */
export function refuseInt8({ tensors }: ModelDefinition): void {
  for (const [name, { dtype }] of tensors) {
    if (dtype === 'F32') continue;
    throw new RivuletError(
      'not-supported',
      `onnx: tensor ${show(name)} is ${dtype}; a model is written before it is quantized, with float32 weights`,
    );
  }
}
