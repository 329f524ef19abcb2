// Scalings as the affine nodes that a graph has of them. All that is computed here is float32 or rounded to it, as the
// nodes compute: what is normalized here is, bit for bit, what the graph makes of it.

import { RivuletError } from '../../errors.ts';
import type { AffineNode, Tensor } from '../../graph/definition.ts';
import type { Scaling } from './scaling.ts';

/** weight * x + bias, value by value. */
export interface Affine {
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** A node of the graph and what it computes. */
export interface NamedAffine extends Affine {
  readonly node: AffineNode;
}

/**
 * (x - center) / scale
 *
 * @throws RivuletError `invalid-argument` where a scale is too small or too large for float32
 */
export function normalizing({ center, scale }: Scaling): Affine {
  const weight = Float32Array.from(scale, (value) => 1 / value);
  return finite({ weight, bias: Float32Array.from(center, (value, i) => -value * weight[i]!) });
}

/**
 * center + scale * x
 *
 * @throws RivuletError as `normalizing`
 */
export function denormalizing({ center, scale }: Scaling): Affine {
  return finite({ weight: Float32Array.from(scale), bias: Float32Array.from(center) });
}

/** weight * x + bias of [timesteps, size]. */
export function applyAffine({ weight, bias }: Affine, values: Float32Array): Float32Array {
  const size = weight.length;
  return values.map((value, i) => Math.fround(value * weight[i % size]!) + bias[i % size]!);
}

/** The x of which weight * x + bias is `values` [timesteps, size], as near as float32 gets. */
export function invertAffine({ weight, bias }: Affine, values: Float32Array): Float32Array {
  const size = weight.length;
  return values.map((value, i) => (value - bias[i % size]!) / weight[i % size]!);
}

export function nameAffine({ weight, bias }: Affine, name: string, input: string): NamedAffine {
  const tensors = { weight: `${name}.weight`, bias: `${name}.bias` };
  return { weight, bias, node: { type: 'affine', name, input, tensors } };
}

/** Its tensors, by their names in the file. */
export function tensorsOf({ node, weight, bias }: NamedAffine): [string, Tensor][] {
  const tensor = (data: Float32Array): Tensor => ({ dtype: 'F32', shape: [data.length], data });
  return [
    [node.tensors.weight!, tensor(weight)],
    [node.tensors.bias!, tensor(bias)],
  ];
}

function finite(affine: Affine): Affine {
  const { weight, bias } = affine;
  const wrong = weight.findIndex(
    (value, i) => value === 0 || value - value !== 0 || bias[i]! - bias[i]! !== 0,
  );
  if (wrong < 0) return affine;
  throw new RivuletError(
    'invalid-argument',
    `normalization: value ${wrong} varies so little, or so much, that float32 cannot hold its scale: give it in another unit`,
  );
}
