/** Models of convolution and pooling at odd sizes: a dense node, so that gradients flow through, then what is tested. */
import type { FrameLayout, GraphNode, ModelDefinition, Tensor } from '../../src/graph/definition.ts';
import { Random } from '../reference/random.ts';

export interface FrameCase {
  readonly name: string;
  readonly definition: ModelDefinition;
}

/** [channels, frames, units, kernel, stride, dilation] */
const CONVOLUTIONS = [
  [1, 1, 5, 3, 1, 1],
  [3, 1, 17, 5, 1, 2],
  [16, 1, 16, 2, 1, 7],
  [2, 4, 33, 3, 2, 1],
  [1, 40, 8, 9, 10, 1],
  [20, 2, 40, 3, 2, 2],
  [7, 3, 20, 4, 3, 3],
  // The stride is longer than the kernel spans: vectors that no output sees.
  [5, 6, 7, 1, 3, 1],
  [4, 6, 3, 2, 3, 1],
] as const;

/** [channels, width, units, kernel, stride, dilation, padding] */
const FRAME_CONVOLUTIONS = [
  [1, 1, 3, 1, 1, 1, 0],
  [3, 11, 5, 3, 1, 1, 1],
  [5, 13, 17, 4, 2, 1, 2],
  [2, 20, 33, 3, 3, 2, 4],
  [17, 7, 6, 7, 1, 1, 0],
  // Some outputs see nothing but padding.
  [1, 5, 2, 2, 1, 1, 3],
] as const;

/** [channels, width, kernel, stride, padding] */
const POOLINGS = [
  [1, 1, 1, 1, 0],
  [3, 10, 3, 3, 0],
  [5, 7, 2, 1, 1],
  [4, 9, 4, 3, 2],
  [17, 6, 6, 1, 3],
] as const;

const LAYOUTS: readonly FrameLayout[] = ['channels-last', 'channels-first'];

export function frameCases(): FrameCase[] {
  return [...convolutions(), ...frameConvolutions(), ...framePoolings(), ...timePoolings(), stack()];
}

function convolutions(): FrameCase[] {
  return CONVOLUTIONS.map(([channels, frames, units, kernel, stride, dilation], i) => {
    const model = new Builder(channels * frames, i);
    const activation = i % 2 === 1 ? { activation: 'tanh' as const } : {};
    model.convolution('convolution', [units, channels, kernel], { stride, dilation, ...activation });
    const name = `convolution ${channels}×${frames} → ${units}, kernel ${kernel}, stride ${stride}, dilation ${dilation}`;
    return { name, definition: model.definition };
  });
}

function frameConvolutions(): FrameCase[] {
  return LAYOUTS.flatMap((layout) =>
    FRAME_CONVOLUTIONS.map(([channels, width, units, kernel, stride, dilation, padding], i) => {
      const model = new Builder(channels * width, 100 + i);
      const options = { stride, dilation, padding, layout };
      model.convolution('frame-convolution', [units, channels, kernel], options, i % 2 === 0);
      const name = `${layout} ${channels}×${width} → ${units}, kernel ${kernel}, stride ${stride}, dilation ${dilation}`;
      return { name: `${name}, padding ${padding}`, definition: model.definition };
    }),
  );
}

function framePoolings(): FrameCase[] {
  return LAYOUTS.flatMap((layout) =>
    (['max', 'average'] as const).flatMap((operation) =>
      POOLINGS.map(([channels, width, kernel, stride, padding], i) => {
        const model = new Builder(channels * width, 200 + i);
        model.add({ type: 'frame-pooling', operation, channels, kernel, stride, padding, layout });
        const name = `${operation} of ${layout} ${channels}×${width}, kernel ${kernel}, stride ${stride}`;
        return { name: `${name}, padding ${padding}`, definition: model.definition };
      }),
    ),
  );
}

function timePoolings(): FrameCase[] {
  return (['max', 'sum', 'mean'] as const).flatMap((operation, i) =>
    [1, 5, 16, 33].map((size) => {
      const model = new Builder(size, 300 + i);
      model.add({ type: 'time-pooling', operation });
      return { name: `${operation} over time of ${size}`, definition: model.definition };
    }),
  );
}

/** As a keyword spotter has it: features of a frame, convolution over time, the mean over the sequence. */
function stack(): FrameCase {
  const model = new Builder(26, 400);
  model.convolution('frame-convolution', [9, 2, 3], { padding: 1, layout: 'channels-first' });
  model.add({
    type: 'frame-pooling',
    operation: 'max',
    channels: 9,
    kernel: 2,
    layout: 'channels-first',
  });
  model.convolution('convolution', [11, 54, 3], { dilation: 2, activation: 'relu' });
  model.add({ type: 'time-pooling', operation: 'mean' });
  return { name: 'a stack', definition: model.definition };
}

type Unnamed<N> = N extends GraphNode ? Omit<N, 'name' | 'input'> : never;
type Convolution = Extract<GraphNode, { type: 'convolution' | 'frame-convolution' }>;

/** Nodes one after the other, `0` a dense one from 6 features to `size`. */
class Builder {
  readonly #nodes: GraphNode[] = [];
  readonly #tensors = new Map<string, Tensor>();
  readonly #random: Random;

  constructor(size: number, seed: number) {
    this.#random = new Random(seed);
    this.add({ type: 'dense', tensors: { weight: this.#tensor('weight', [size, 6], 1) } });
  }

  get definition(): ModelDefinition {
    const from = this.#nodes.at(-1)!.name;
    const inputs = [{ name: 'input', kind: 'features' as const, size: 6 }];
    return {
      graph: { inputs, nodes: this.#nodes, outputs: [{ name: 'output', from }] },
      tensors: this.#tensors,
    };
  }

  add(node: Unnamed<GraphNode>): void {
    const input = this.#nodes.at(-1)?.name ?? 'input';
    this.#nodes.push({ ...node, name: `${this.#nodes.length}`, input } as GraphNode);
  }

  convolution(
    type: Convolution['type'],
    shape: readonly [units: number, channels: number, kernel: number],
    options: Partial<Convolution>,
    bias = true,
  ): void {
    const limit = 1 / Math.sqrt(shape[1] * shape[2]);
    const weight = this.#tensor('weight', shape, limit);
    const tensors = bias ? { weight, bias: this.#tensor('bias', [shape[0]], limit) } : { weight };
    this.add({ ...options, type, tensors } as Unnamed<Convolution>);
  }

  #tensor(role: string, shape: readonly number[], limit: number): string {
    const name = `${this.#nodes.length}.${role}`;
    const count = shape.reduce((product, size) => product * size, 1);
    this.#tensors.set(name, { dtype: 'F32', shape, data: this.#random.uniforms(count, -limit, limit) });
    return name;
  }
}
