import type {
  Activation,
  ActivationNode,
  BatchNormNode,
  DenseNode,
  LayerNormNode,
  QuantizeNode,
  SliceNode,
} from '../graph/definition.ts';
import { apply, type VectorLayer } from './apply.ts';
import { constant, glorot, uniform } from './initializers.ts';
import { checkSize, type Tokens, type Vector, type Weight } from './value.ts';

export interface NameOption {
  /** Of its node, and the beginning of the names of its tensors. */
  readonly name?: string;
}

/** A layer of tokens; `vocabulary` is how many there are. */
export type TokensLayer = ((x: Tokens) => Vector) & { readonly vocabulary: number };

/** `size` values for each of `vocabulary` tokens, U(-1, 1) at first. */
export function embedding(
  vocabulary: number,
  size: number,
  { name, ...fields }: NameOption = {},
): TokensLayer {
  checkSize('embedding', 'vocabulary', vocabulary);
  checkSize('embedding', 'size', size);
  const layer = (x: Tokens): Vector =>
    apply({
      call: `embedding(${vocabulary}, ${size})`,
      type: 'embedding',
      name,
      reads: [x],
      weights: [{ role: 'weight', shape: [vocabulary, size], fill: uniform(1) }],
      fields,
    });
  return Object.assign(layer, { vocabulary });
}

export type DenseOptions = NameOption &
  Pick<DenseNode, 'activation'> & {
    /** True by default. */
    readonly bias?: boolean;
  };

/** activation(W x + b), of `units` values. */
export function dense(units: number, { name, bias = true, ...fields }: DenseOptions = {}): VectorLayer {
  checkSize('dense', 'units', units);
  return (x) =>
    apply({
      call: `dense(${units})`,
      type: 'dense',
      name,
      reads: [x],
      weights: [
        { role: 'weight', shape: [units, x?.size], fill: glorot(x?.size, units) },
        ...(bias ? [{ role: 'bias', shape: [units] }] : []),
      ],
      fields,
    });
}

/** An activation as a layer of its own. */
export function activation(which: Activation, { name, ...fields }: NameOption = {}): VectorLayer {
  const node: Pick<ActivationNode, 'activation'> = { activation: which };
  return (x) =>
    apply({ call: 'activation', type: 'activation', name, reads: [x], fields: { ...node, ...fields } });
}

/** Values start … start + size - 1. */
export function slice(start: number, size: number, { name, ...fields }: NameOption = {}): VectorLayer {
  const node: Pick<SliceNode, 'start' | 'size'> = { start, size };
  return (x) =>
    apply({
      call: `slice(${start}, ${size})`,
      type: 'slice',
      name,
      reads: [x],
      fields: { ...node, ...fields },
    });
}

/** Drops each value with probability `rate`, 0 … 0.9, in training. */
export function dropout(rate: number, { name, ...fields }: NameOption = {}): VectorLayer {
  return (x) =>
    apply({ call: `dropout(${rate})`, type: 'dropout', name, reads: [x], fields: { rate, ...fields } });
}

/** The integers of a quantized value: their limits are those of int8 by default, and 0 is the integer of zero. */
export type FakeQuantizeOptions = NameOption & Partial<Pick<QuantizeNode, 'zeroPoint' | 'low' | 'high'>>;

/** What is left of each value as an integer, `scale` apart; training goes straight through (PyTorch's fake_quantize). */
export function fakeQuantize(
  scale: number,
  { name, zeroPoint = 0, low = -128, high = 127, ...fields }: FakeQuantizeOptions = {},
): VectorLayer {
  const node: Pick<QuantizeNode, 'scale' | 'zeroPoint' | 'low' | 'high'> = { scale, zeroPoint, low, high };
  return (x) =>
    apply({
      call: `fakeQuantize(${scale})`,
      type: 'quantize',
      name,
      reads: [x],
      fields: { ...node, ...fields },
    });
}

/** Of each value; 1 and 0 at first. */
function scaleAndShift(x: Vector): readonly Weight[] {
  const shape = [x?.size];
  return [
    { role: 'weight', shape, fill: constant(1) },
    { role: 'bias', shape },
  ];
}

/** A scale and a shift of each value, 1 and 0 at first. */
export function affine({ name, ...fields }: NameOption = {}): VectorLayer {
  return (x) =>
    apply({
      call: 'affine()',
      type: 'affine',
      name,
      reads: [x],
      weights: scaleAndShift(x),
      fields,
    });
}

/** The slope of each value below 0, .25 at first, as PyTorch's. */
export function prelu({ name, ...fields }: NameOption = {}): VectorLayer {
  return (x) =>
    apply({
      call: 'prelu()',
      type: 'prelu',
      name,
      reads: [x],
      weights: [{ role: 'weight', shape: [x?.size], fill: constant(0.25) }],
      fields,
    });
}

export type LayerNormOptions = NameOption & Pick<LayerNormNode, 'epsilon'>;

/** Layer normalisation with scale 1 and shift 0 at first. */
export function layerNorm({ name, ...fields }: LayerNormOptions = {}): VectorLayer {
  return (x) =>
    apply({
      call: 'layerNorm()',
      type: 'layernorm',
      name,
      reads: [x],
      weights: scaleAndShift(x),
      fields,
    });
}

export type BatchNormOptions = NameOption &
  Pick<BatchNormNode, 'layout' | 'epsilon'> & {
    /** The size of what it reads by default. */
    readonly channels?: number;
  };

/**
 * Batch normalisation of statistics that are given later: with mean 0 and variance 1, as it is made, it changes next to
 * nothing, and training leaves it so.
 */
export function batchNorm({ name, channels, ...fields }: BatchNormOptions = {}): VectorLayer {
  if (channels !== undefined) checkSize('batchNorm', 'channels', channels);
  return (x) => {
    const shape = [channels ?? x?.size];
    const weights = [
      { role: 'weight', shape, fill: constant(1) },
      { role: 'bias', shape },
      { role: 'running_mean', shape },
      { role: 'running_var', shape, fill: constant(1) },
    ];
    return apply({ call: `batchNorm()`, type: 'batchnorm', name, reads: [x], weights, fields });
  };
}
