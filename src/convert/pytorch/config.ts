/** What a state_dict does not say of convolutions and norms. */
import { type Fields, readFields } from '../../graph/fields.ts';
import { MAX_SIZE } from '../../graph/limits.ts';
import { byModule, type PyTorchConfig } from '../../import/pytorch-config.ts';

/** What turns an end round is a matrix of as many rows and columns: 4 MB. */
const MAX_REFLECTION = 1024;

/** The config of a state_dict: a model with convolutions or norms needs `order` too. */
export interface ConvertedPyTorchConfig extends PyTorchConfig {
  /** Needed for each nn.Conv1d. */
  readonly convolutions?: Readonly<Record<string, PyTorchConvolution>>;
  /** Needed for each nn.LayerNorm, which has no other tensors than a GroupNorm; and for an epsilon that is not 1e-5. */
  readonly norms?: Readonly<Record<string, PyTorchNorm>>;
  /** Values each timestep, where the first module is a convolution within frames, which may have any width. */
  readonly inputSize?: number;
}

/** A Conv1d, with groups 1. */
export interface PyTorchConvolution {
  /**
   * `time`: its width is time. It becomes causal, as with (kernel - 1) * dilation zeros before the sequence.
   * `frame`: its width is within a timestep, whose value is a frame [channels][width].
   */
  readonly over: 'time' | 'frame';
  /** 1 where not given. */
  readonly stride?: number;
  readonly dilation?: number;
  /** `frame`: zeros on both sides. */
  readonly padding?: number;
  /** `frame` with one channel: values before and behind the frame that mirror it, as torch's pad of mode `reflect`. */
  readonly reflect?: { readonly before: number; readonly behind: number };
  /** `frame`: the upper half of its units are real parts, the lower half imaginary ones; what follows reads √(re² + im²). */
  readonly magnitude?: boolean;
}

export interface PyTorchNorm {
  /** `batch` with running statistics; `layer` needs to be said. */
  readonly type?: 'layer' | 'batch';
  readonly epsilon?: number;
}

export interface ModuleOptions {
  readonly convolutions: ReadonlyMap<string, PyTorchConvolution>;
  readonly norms: ReadonlyMap<string, PyTorchNorm>;
  readonly inputSize: number | undefined;
}

/** @throws RivuletError `invalid-argument`, naming the field */
export function readModuleOptions({ convolutions, norms, inputSize }: ConvertedPyTorchConfig): ModuleOptions {
  return readFields({ convolutions, norms, inputSize }, 'config', 'invalid-argument', (fields) => ({
    convolutions: byModule(fields, 'convolutions', (modules, module) =>
      modules.object(module, readConvolution),
    ),
    norms: byModule(fields, 'norms', (modules, module) => modules.object(module, readNorm)),
    inputSize: fields.has('inputSize') ? fields.integer('inputSize', 1, MAX_SIZE) : undefined,
  }));
}

function readConvolution(fields: Fields): PyTorchConvolution {
  const over = fields.oneOf('over', ['time', 'frame']);
  const size = (name: string, least: number) =>
    fields.has(name) ? { [name]: fields.integer(name, least, MAX_SIZE) } : {};
  const sizes = { over, ...size('stride', 1), ...size('dilation', 1) };
  if (over === 'time') return sizes;
  return {
    ...sizes,
    ...size('padding', 0),
    ...(fields.has('reflect') && { reflect: fields.object('reflect', readReflection) }),
    ...(fields.has('magnitude') && { magnitude: fields.boolean('magnitude') }),
  };
}

function readReflection(fields: Fields): { readonly before: number; readonly behind: number } {
  return {
    before: fields.integer('before', 0, MAX_REFLECTION),
    behind: fields.integer('behind', 0, MAX_REFLECTION),
  };
}

function readNorm(fields: Fields): PyTorchNorm {
  return {
    ...(fields.has('type') && { type: fields.oneOf('type', ['layer', 'batch']) }),
    ...(fields.has('epsilon') && { epsilon: fields.number('epsilon', 0, 1) }),
  };
}
