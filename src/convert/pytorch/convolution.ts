/** nn.Conv1d: over time, or within the frame of a timestep, which is [channels][width] as PyTorch has it. */
import { RivuletError, show } from '../../errors.ts';
import type { GraphNode } from '../../graph/definition.ts';
import { formatShape } from '../../graph/tensor.ts';
import type { Reading, Shape } from '../../import/connect.ts';
import type { Roles } from '../../import/pytorch-modules.ts';
import type { PyTorchConvolution } from './config.ts';
import { reflect } from './reflect.ts';

interface Convolution {
  readonly name: string;
  readonly tensors: { readonly weight: string; readonly bias?: string };
  /** Of its weight [units, channels, kernel]. */
  readonly units: number;
  readonly channels: number;
  readonly kernel: number;
}

/** @throws RivuletError `not-supported` where the config does not tell how it goes */
export function readConvolution(
  module: string,
  roles: Roles,
  shape: readonly number[],
  convolutions: ReadonlyMap<string, PyTorchConvolution>,
): Reading {
  const [units = 0, channels = 0, kernel = 0] = shape;
  const options = convolutions.get(module);
  if (options === undefined) {
    throw new RivuletError(
      'not-supported',
      `tensor ${show(roles.get('weight'))} ${formatShape(shape)} is that of a convolution; a state_dict does not say ` +
        'its stride, dilation and padding, nor whether it goes over time or within a frame: give `convolutions`: ' +
        `{ ${JSON.stringify(module)}: { "over": "time" or "frame", "stride": 1, "dilation": 1, "padding": 0 } }`,
    );
  }
  const bias = roles.get('bias');
  const tensors = { weight: roles.get('weight')!, ...(bias !== undefined && { bias }) };
  const convolution = { name: module || 'convolution', tensors, units, channels, kernel };
  return {
    module,
    stage: 'other',
    ...(options.over === 'time' ? overTime(convolution, options) : withinFrame(convolution, options)),
  };
}

type Part = Omit<Reading, 'module' | 'stage'>;

/** A timestep brings one vector of its channels. */
function overTime(
  { name, tensors, units, channels }: Convolution,
  { stride, dilation }: PyTorchConvolution,
): Part {
  return {
    inputSize: channels,
    outputOf: (input) =>
      input.channels === undefined && input.size === channels ? { size: units } : undefined,
    nodes: (input) => [
      {
        name,
        type: 'convolution',
        input,
        tensors,
        ...(stride !== undefined && { stride }),
        ...(dilation !== undefined && { dilation }),
      },
    ],
  };
}

function withinFrame(convolution: Convolution, options: PyTorchConvolution): Part {
  const { name, tensors, units, channels, kernel } = convolution;
  const { stride, dilation, padding, magnitude = false } = options;
  const { before, behind } = options.reflect ?? { before: 0, behind: 0 };
  const mirror = before + behind > 0 ? reflect(name, before, behind) : undefined;
  if (mirror !== undefined && channels !== 1)
    throw new RivuletError(
      'not-supported',
      `module ${show(name)}: reflect is of one channel, it has ${channels}`,
    );
  if (magnitude && units % 2 !== 0)
    throw new RivuletError(
      'not-supported',
      `module ${show(name)}: magnitude is of pairs of units, it has ${units}`,
    );
  const positionsOf = ({ size }: Shape): number => {
    const padded = size / channels + before + behind + 2 * (padding ?? 0);
    return Math.floor((padded - (kernel - 1) * (dilation ?? 1) - 1) / (stride ?? 1)) + 1;
  };
  return {
    inputSize: undefined,
    ...(mirror && { tensors: mirror.tensors }),
    outputOf: (input) => {
      if ((input.channels ?? channels) !== channels || input.size % channels !== 0) return undefined;
      const positions = positionsOf(input);
      if (positions < 1 || Math.max(before, behind) >= input.size) return undefined;
      const given = magnitude ? units / 2 : units;
      return { size: given * positions, channels: given };
    },
    nodes: (input, shape) => {
      const padded = mirror?.nodes(input, shape.size) ?? [];
      const node: GraphNode = {
        name,
        type: 'frame-convolution',
        input: padded.at(-1)?.name ?? input,
        tensors,
        ...(stride !== undefined && { stride }),
        ...(dilation !== undefined && { dilation }),
        ...(padding !== undefined && { padding }),
        layout: 'channels-first',
      };
      const values = (units * positionsOf(shape)) / 2;
      return [...padded, node, ...(magnitude ? magnitudeOf(name, values) : [])];
    },
  };
}

/** √(re² + im²) of `size` real parts and as many imaginary ones behind them. */
function magnitudeOf(input: string, size: number): readonly GraphNode[] {
  const [real, imaginary, power] = [`${input}.real`, `${input}.imaginary`, `${input}.power`];
  return [
    { name: real, type: 'slice', input, start: 0, size },
    { name: imaginary, type: 'slice', input, start: size, size },
    { name: `${real}.squared`, type: 'mul', inputs: [real, real] },
    { name: `${imaginary}.squared`, type: 'mul', inputs: [imaginary, imaginary] },
    { name: power, type: 'add', inputs: [`${real}.squared`, `${imaginary}.squared`] },
    { name: `${input}.magnitude`, type: 'activation', input: power, activation: 'sqrt' },
  ];
}
