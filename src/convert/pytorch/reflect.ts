/** Padding that mirrors a value at its ends, without the end itself: x2 x1 | x0 x1 x2 … */
import type { GraphNode, Tensor } from '../../graph/definition.ts';

export interface Reflection {
  readonly tensors: ReadonlyMap<string, Tensor>;
  /** The last one gives [before | input | behind]. */
  nodes(input: string, size: number): readonly GraphNode[];
}

/** What turns a part round is a dense layer of zeros and ones: exact, and small beside what reads it. */
export function reflect(name: string, before: number, behind: number): Reflection {
  const sides = [
    { side: `${name}.before`, length: before, start: () => 1 },
    { side: `${name}.behind`, length: behind, start: (size: number) => size - 1 - behind },
  ].filter(({ length }) => length > 0);
  return {
    tensors: new Map(sides.map(({ side, length }) => [`${side}.weight`, exchange(length)])),
    nodes(input, size) {
      const parts = sides.flatMap(({ side, length, start }): GraphNode[] => [
        { name: `${side}.slice`, type: 'slice', input, start: start(size), size: length },
        { name: side, type: 'dense', input: `${side}.slice`, tensors: { weight: `${side}.weight` } },
      ]);
      const inputs = [
        ...(before > 0 ? [`${name}.before`] : []),
        input,
        ...(behind > 0 ? [`${name}.behind`] : []),
      ];
      return [...parts, { name: `${name}.padded`, type: 'concat', inputs }];
    },
  };
}

/** [length, length], ones from the upper right to the lower left. */
function exchange(length: number): Tensor {
  const data = new Float32Array(length * length);
  for (let row = 0; row < length; row++) data[(row + 1) * (length - 1)] = 1;
  return { dtype: 'F32', shape: [length, length], data };
}
